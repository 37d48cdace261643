"""What came of looking at a layer of a service: a colour, an icon and a word."""

import reflex as rx

from app.components.status import badge

VERDICTS = {
    "passed": ("Works", "green", "circle-check"),
    "failed": ("Fails", "red", "circle-x"),
    "untold": ("Cannot be told", "gray", "circle-help"),
    "old": ("Not seen now", "gray", "circle-dashed"),
    "running": ("Under way", "blue", "loader"),
    "none": ("Not looked at", "gray", "circle-dashed"),
}


def layer_verdict(verdict: rx.Var[str]) -> rx.Component:
    """A verdict's badge."""
    cases = [(key, badge(*facts)) for key, facts in VERDICTS.items()]
    return rx.match(verdict, *cases, badge(verdict, "gray", "circle-help"))

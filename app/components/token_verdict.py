"""What a stored token is worth: what its service said of it, and when it ends."""

import reflex as rx

from app.components.moment import moment
from app.components.status import badge


def token_verdict(token: rx.Var[dict[str, str]]) -> rx.Component:
    """A line such as “Accepted as alice, ends in 12 days (2026-12-05)”, from a `TokenItem`."""
    ends = rx.fragment("ends ", moment(token["ends_at"]), f" ({token['ends_on']})")
    said = rx.match(
        token["state"],
        (
            "accepted",
            rx.fragment(
                rx.cond(token["account"], f"as {token['account']}", ""),
                rx.cond((token["account"] != "") & (token["ends_at"] != ""), ", ", ""),
                rx.cond(token["ends_at"], ends),
            ),
        ),
        ("ended", rx.fragment("on ", token["ends_on"], ". Get a new one from the service.")),
        ("refused", rx.fragment(token["detail"])),
        (
            "untold",
            rx.fragment(token["detail"], " Tried again ", moment(token["again_at"]), "."),
        ),
        rx.fragment(rx.cond(token["ends_at"], ends)),
    )
    return rx.el.div(
        rx.match(
            token["state"],
            ("accepted", badge("Accepted", "green", "circle-check")),
            ("ended", badge("Has ended", "red", "calendar-x")),
            ("refused", badge("Not accepted", "red", "circle-x")),
            ("untold", badge("Could not be verified", "amber", "circle-help")),
            badge("Being verified…", "blue", "loader"),
        ),
        rx.text(said, size="2", as_="span", class_name="token-said"),
        class_name="row",
    )

"""How far a service keeps to the standard: the table, and the limits that follow for people."""

import reflex as rx

from app.components.moment import moment
from app.components.status import badge
from app.components.table import table

VERDICTS = {
    "conforms": ("Conforms", "green", "circle-check"),
    "deviates": ("Deviates", "amber", "triangle-alert"),
    "untold": ("Cannot be told", "gray", "circle-help"),
    "outdated": ("Out of date", "orange", "history"),
}


def _verdict(verdict: rx.Var[str]) -> rx.Component:
    looks = [(name, badge(*look)) for name, look in VERDICTS.items()]
    return rx.match(verdict, *looks, badge(verdict, "gray", "circle-help"))


def _feature(item: rx.Var) -> rx.Component:
    before = rx.text(
        "It ", item.before, " until ", moment(item.before_until), ".", size="1", class_name="muted"
    )
    return rx.table.row(
        rx.table.row_header_cell(
            rx.text(item.title, size="2", weight="medium"),
            rx.text(item.standard, size="1", class_name="muted"),
            min_width="180px",
        ),
        rx.table.cell(
            _verdict(item.verdict),
            rx.text(item.evidence, size="1", class_name="found"),
            rx.cond(item.before, before),
            min_width="200px",
        ),
        rx.table.cell(rx.text(item.consequence, size="1"), min_width="180px"),
        rx.table.cell(
            rx.text(item.how, size="1"),
            rx.cond(
                item.checked_at, rx.text(moment(item.checked_at), size="1", class_name="muted")
            ),
            min_width="92px",
        ),
    )


def features_table(label: str, items: rx.Var) -> rx.Component:
    """What the standard says, what the service does, what follows, and how it is known."""
    columns = ("The standard", "This service", "What the platform does", "Known")
    return table(label, columns, rx.foreach(items, _feature), in_card=True)


def limits_list(limits: rx.Var) -> rx.Component:
    """The few limits that matter to researchers."""
    return rx.el.ul(
        rx.foreach(limits, lambda text: rx.el.li(rx.text(text, size="2"))), class_name="limits"
    )

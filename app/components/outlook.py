"""What a job can expect of a service, and where it could go instead."""

import reflex as rx

from app.components.frame import link_button
from app.components.status import badge, health_status
from app.components.table import table


def outlook_lines(lines: rx.Var) -> rx.Component:
    """Lines with `label`, `value`, `basis` and `is_bad`."""
    return rx.el.dl(rx.foreach(lines, _line), class_name="facts outlook")


def alternatives_list(items: rx.Var) -> rx.Component:
    """Panels at other services that could take the place of one here, the best first."""
    columns = (
        "Panel",
        "Service",
        "State",
        "Expected wait",
        "Until the results",
        "Good to know",
        "Send",
    )
    return table("Where to send it instead", columns, rx.foreach(items, _alternative), in_card=True)


def _line(item: rx.Var) -> rx.Component:
    return rx.el.div(
        rx.el.dt(item.label),
        rx.el.dd(
            rx.cond(item.is_bad, badge(item.value, "amber", "triangle-alert"), item.value),
            rx.cond(item.basis, rx.text(item.basis, size="1", class_name="muted")),
        ),
        class_name="fact",
    )


def _alternative(item: rx.Var) -> rx.Component:
    differs = item.panel != item.instead_of
    go = link_button(
        "Send it there",
        item.href,
        icon="send",
        size="1",
        variant="surface",
        color_scheme="gray",
        high_contrast=True,
        aria_label="Send it to " + item.service,
    )
    return rx.table.row(
        rx.table.row_header_cell(
            item.panel,
            rx.cond(differs, rx.text("instead of ", item.instead_of, size="1", class_name="muted")),
        ),
        rx.table.cell(rx.link(item.service, href="/services/" + item.service_ref)),
        rx.table.cell(health_status(item.health)),
        rx.table.cell(item.wait),
        rx.table.cell(item.turnaround),
        rx.table.cell(rx.el.ul(rx.foreach(item.reasons, rx.el.li), class_name="reasons")),
        rx.table.cell(rx.cond(item.can_choose, go)),
        key=item.ref,
    )

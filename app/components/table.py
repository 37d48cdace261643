"""Tables: dense, and alike on every page."""

from collections.abc import Sequence
from typing import Any

import reflex as rx

# `display` of the cells that a narrow screen has no room for.
WIDE = rx.breakpoints(initial="none", md="table-cell")


def column(title: Any, *, align: str = "left", is_wide: bool = False) -> rx.Component:
    """A column's heading; `is_wide` hides it on a narrow screen, as its cells must be too."""
    display = {"display": WIDE} if is_wide else {}
    return rx.table.column_header_cell(title, align=align, **display)


def sortable_column(
    title: str,
    key: str,
    *,
    sort: rx.Var[str],
    is_descending: rx.Var[bool],
    on_sort: Any,
    is_wide: bool = False,
) -> rx.Component:
    """A heading that sorts: `on_sort` gets `key`; `sort` is the key that is in use."""
    is_here = sort == key
    arrow = rx.cond(is_descending, rx.icon("arrow-down", size=12), rx.icon("arrow-up", size=12))
    direction = rx.cond(is_descending, "descending", "ascending")
    return rx.table.column_header_cell(
        rx.el.button(
            title,
            rx.cond(is_here, arrow),
            on_click=on_sort(key),
            class_name="sort-button",
            type="button",
        ),
        custom_attrs={"aria-sort": rx.cond(is_here, direction, "none")},
        **({"display": WIDE} if is_wide else {}),
    )


def table(
    label: str,
    columns: Sequence[str | rx.Component],
    *rows: rx.Component,
    in_card: bool = False,
    caption: Any = None,
) -> rx.Component:
    """A table with its headings; `in_card` leaves out the frame that a card gives already.

    `caption` says what it is where no heading does. It scrolls sideways by itself where it does
    not fit, and can be scrolled by keyboard.
    """
    headings = [column(item) if isinstance(item, str) else item for item in columns]
    return rx.el.div(
        rx.table.root(
            rx.fragment() if caption is None else rx.el.caption(caption),
            rx.table.header(rx.table.row(*headings)),
            rx.table.body(*rows),
            variant="ghost" if in_card else "surface",
            size="1",
        ),
        class_name="scroll-x",
        tab_index=0,
        role="region",
        aria_label=label,
    )

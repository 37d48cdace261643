"""The parts of an object's page, which the special pages of services and panels have too."""

import reflex as rx

from app.components.frame import fact, facts, pager, section
from app.components.moment import moment
from app.components.resource_cell import cell, head_cell
from app.components.table import WIDE, column, table
from app.pages.resource_actions import add_button, has_row_actions, row_actions
from app.resources.base import Column, Inline, Resource
from app.states.resource_cells import ResourceRow
from app.states.resource_history import ChangedField, HistoryItem, ResourceHistoryState
from app.states.resource_object import ResourceObjectState, columns_of
from app.states.session import SessionState

State = ResourceObjectState
LONG = ("json", "names")


def object_facts(resource: Resource) -> rx.Component:
    """All that is known of the object of the page."""
    cells = State.row["cells"]
    short = [
        fact(one.title, cell(one.kind, one.words, cells[place]))
        for place, one in enumerate(resource.columns)
        if one.kind not in LONG
    ]
    long = [
        fact(one.title, cell(one.kind, one.words, cells[place]))
        for place, one in enumerate(resource.columns)
        if one.kind in LONG
    ]
    wide = rx.el.dl(*long, class_name="facts facts-long") if long else rx.fragment()
    return section("Details", rx.el.div(facts(*short), wide, class_name="stack"))


def object_inlines(resource: Resource) -> rx.Component:
    """The lists of what belongs to the object of the page, for those who may see them."""
    lists = [_inline(place, one) for place, one in enumerate(resource.inlines)]
    return rx.fragment(*lists)


def object_history() -> rx.Component:
    """What was done to the object of the page, for those who may read the audit log.

    The page loads `ResourceHistoryState`, again when `audit_log` changes.
    """
    entries = rx.el.ol(rx.foreach(ResourceHistoryState.entries, _entry), class_name="history")
    none = rx.text("Nothing is in the audit log about it.", size="2", class_name="muted")
    return rx.cond(
        SessionState.permissions.contains("audit:read"),
        section("History", rx.cond(ResourceHistoryState.entries, entries, none)),
    )


def _inline(place: int, inline: Inline) -> rx.Component:
    child, columns = inline.resource(), columns_of(inline)
    held = State.inlines[place]
    headings = [
        column(one.title, is_wide=one.is_wide and number > 0) for number, one in enumerate(columns)
    ]
    if has_row_actions(child):
        headings.append(column(rx.el.span("Actions", class_name="visually-hidden")))
    rows = rx.foreach(held["rows"], lambda row: _inline_row(child, columns, row))
    listed = rx.el.div(
        table(inline.title, headings, rows, in_card=True),
        rx.cond(
            held["pages"] > 1,
            pager(
                held["number"],
                held["pages"],
                held["total"],
                go=lambda number: State.go(place, number),
                label=f"Pages of {inline.title.lower()}",
            ),
        ),
        class_name="stack",
    )
    none = rx.text(child.nothing or "There is none.", size="2", class_name="muted")
    return rx.cond(
        (State.inlines.length() > place) & held["may_see"],
        section(
            inline.title,
            rx.cond(held["total"] > 0, listed, none),
            action=add_button(child, State.row["ref"]),
        ),
    )


def _inline_row(child: Resource, columns: list[Column], row: rx.Var[ResourceRow]) -> rx.Component:
    first, *others = columns
    cells = [
        rx.table.cell(
            cell(one.kind, one.words, row["cells"][place]),
            **({"display": WIDE} if one.is_wide else {}),
        )
        for place, one in enumerate(others, start=1)
    ]
    if has_row_actions(child):
        cells.append(rx.table.cell(row_actions(child, row, State.load), align="right"))
    head = head_cell(first.kind, first.words, row["cells"][0], href=row["href"])
    return rx.table.row(rx.table.row_header_cell(head), *cells, align="center")


def _entry(one: rx.Var[HistoryItem]) -> rx.Component:
    act = rx.link("The whole act", href=one["href"], size="1")
    return rx.el.li(
        rx.el.div(
            rx.el.span(one["who"], class_name="history-who"),
            rx.el.span(one["action"], class_name="mono"),
            rx.text(moment(one["at"]), size="1", class_name="muted"),
            rx.cond(one["address"], rx.text("from ", one["address"], size="1", class_name="muted")),
            rx.cond(one["href"], act),
            class_name="row",
        ),
        rx.cond(one["reason"], rx.text("“", one["reason"], "”", size="2")),
        rx.cond(
            one["changes"],
            rx.el.ul(rx.foreach(one["changes"], _changed), class_name="history-changes"),
        ),
    )


def _changed(one: rx.Var[ChangedField]) -> rx.Component:
    return rx.el.li(
        rx.el.span(one["name"], ": ", class_name="muted"),
        rx.el.span("was ", class_name="visually-hidden"),
        rx.el.del_(one["before"]),
        rx.el.span(" → ", aria_hidden="true", class_name="muted"),
        rx.el.span(", is now ", class_name="visually-hidden"),
        rx.el.ins(one["after"]),
    )

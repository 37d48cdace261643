"""The list of any resource of administration, made from its description."""

import reflex as rx

from app.components.frame import empty_state, link_button, page_header, pager, skeleton
from app.components.resource_cell import cell, head_cell
from app.components.resource_chips import chips
from app.components.resource_filters import (
    choice_filter,
    day_filter,
    flag_filter,
    search_box,
    text_filter,
)
from app.components.table import WIDE, column, sortable_column, table
from app.pages.resource_actions import has_row_actions, row_actions
from app.pages.resource_sheet import sheet_dialog
from app.pages.resource_views import saved_views
from app.pages.template import page
from app.resources.base import Column, Filter, Resource
from app.resources.register import RESOURCES
from app.states.resource_address import EVERYTHING, address
from app.states.resource_cells import ResourceRow
from app.states.resource_list import ResourceListState
from app.states.resource_sheet import ResourceSheetState
from app.states.resource_views import ResourceViewsState
from app.states.session import SessionState

State = ResourceListState


def _filter(one: Filter) -> rx.Component:
    if one.kind == "days":
        first, last = f"{one.name}_from", f"{one.name}_to"
        return rx.el.div(
            day_filter(f"{one.title} from", day=_said(first), on_change=State.narrow(first)),
            day_filter("to", day=_said(last), on_change=State.narrow(last)),
            class_name="row",
        )
    chosen, on_change = _said(one.name), State.narrow(one.name)
    if one.kind == "flag":
        return flag_filter(one.title, chosen=chosen, on_change=on_change)
    if one.kind in ("text", "person"):
        return text_filter(one.title, text=chosen, on_change=on_change)
    choices = State.choices[one.name]
    return choice_filter(one.title, choices=choices, chosen=chosen, on_change=on_change)


def _said(name: str) -> rx.Var[str]:
    """What the address says of a filter; empty where it says nothing."""
    return rx.cond(State.said.contains(name), State.said[name], "")


def _filters(resource: Resource) -> rx.Component:
    clear = rx.button(
        "Show all", on_click=State.clear, variant="ghost", color_scheme="gray", high_contrast=True
    )
    return rx.el.div(
        search_box(resource.title.lower(), text=State.text, turn=State.turn, on_change=State.find),
        # What a link alone narrows by is among the chips.
        *[_filter(one) for one in resource.filters if one.kind != "exact"],
        rx.cond(State.is_narrowed, clear),
        class_name="row filters",
    )


def _heading(one: Column, *, is_first: bool) -> rx.Component:
    is_wide = one.is_wide and not is_first
    if not one.sorts:
        return column(one.title, is_wide=is_wide)
    return sortable_column(
        one.title,
        one.name,
        sort=State.sorted_by,
        is_descending=State.is_descending,
        on_sort=State.sort_by,
        is_wide=is_wide,
    )


def _row(resource: Resource, columns: list[Column], row: rx.Var[ResourceRow]) -> rx.Component:
    first, *others = columns
    has_actions = has_row_actions(resource)
    head = head_cell(first.kind, first.words, row["cells"][0], href=row["href"])
    return rx.table.row(
        rx.table.row_header_cell(head),
        *[
            rx.table.cell(
                cell(one.kind, one.words, row["cells"][place]),
                **({"display": WIDE} if one.is_wide else {}),
            )
            for place, one in enumerate(others, start=1)
        ],
        *([rx.table.cell(row_actions(resource, row, State.load))] if has_actions else []),
        align="center",
    )


def _table(resource: Resource) -> rx.Component:
    columns = [one for one in resource.columns if one.in_list]
    headings = [_heading(one, is_first=one is columns[0]) for one in columns]
    if has_row_actions(resource):
        headings.append(column("Actions"))
    rows = rx.foreach(State.rows, lambda row: _row(resource, columns, row))
    return rx.fragment(
        table(resource.title, headings, rows),
        pager(State.number, State.pages, State.total, go=State.go),
    )


def _nothing(resource: Resource) -> rx.Component:
    return rx.cond(
        State.is_narrowed,
        empty_state(
            "search-x",
            "Nothing matches",
            "Change the search or the filters.",
            rx.link("Show all", href=address(resource.path, EVERYTHING)),
        ),
        empty_state(resource.icon, f"No {resource.title.lower()} yet", resource.nothing),
    )


def _add(resource: Resource) -> rx.Component:
    if resource.form is None or resource.form.add is None:
        return rx.fragment()
    button = link_button(f"Add a {resource.one}", f"{resource.path}/new", icon="plus")
    return rx.cond(SessionState.permissions.contains(resource.form.permission), button)


def list_page(resource: Resource) -> rx.Component:
    """The page of a resource's list."""
    take = rx.link(
        rx.icon("download", size=14, aria_hidden="true"),
        "These rows as CSV",
        href=State.csv_href,
        # The browser's own navigation: the page's router knows no such page.
        reload_document=True,
        size="2",
        class_name="action-link",
    )
    return rx.fragment(
        page_header(resource.title, take, _add(resource), subtitle=resource.subtitle),
        saved_views(),
        rx.cond(
            State.shown == resource.name,
            rx.fragment(
                _filters(resource),
                chips(State.chips, on_drop=State.drop),
                rx.cond(State.rows, _table(resource), _nothing(resource)),
            ),
            skeleton(),
        ),
        sheet_dialog(State.load),
    )


def _register(resource: Resource) -> None:
    page(
        resource.path,
        title=resource.title,
        on_load=[ResourceSheetState.close, ResourceViewsState.load, State.load],
        live=list(resource.live),
        reload=State.load,
    )(lambda: list_page(resource))


for _resource in RESOURCES.values():
    _register(_resource)

"""The buttons of what can be done to an object: on its page, and on its row of a list."""

from typing import Any

import reflex as rx

from app.components.controls import quiet_button
from app.components.frame import link_button
from app.resources.base import Action, Form, Resource
from app.states.resource_cells import ResourceRow
from app.states.resource_sheet import ResourceSheetState
from app.states.session import SessionState

Row = rx.Var[ResourceRow]


def action_buttons(resource: Resource, row: Row, *on_done: Any) -> rx.Component:
    """Buttons for an object's page: each action that it is offered, and to change it.

    The page has a `sheet_dialog`; `on_done` are run after an action that asks nothing.
    """
    quiet = {"variant": "surface", "color_scheme": "gray", "high_contrast": True}
    buttons = [
        _if_offered(row, one, _button(resource, one, row, on_done)) for one in resource.actions
    ]
    change = rx.button(
        rx.icon("pencil", size=16, aria_hidden="true"),
        "Change",
        on_click=ResourceSheetState.change(resource.name, row["ref"]),
        **quiet,
    )
    return rx.el.div(*buttons, _if_changeable(resource, change), class_name="page-actions")


def row_actions(resource: Resource, row: Row, *on_done: Any) -> rx.Component:
    """A menu for a row of a list; nothing where nothing can be done."""
    items = [_if_offered(row, one, _item(resource, one, row, on_done)) for one in resource.actions]
    change = rx.dropdown_menu.item(
        "Change", on_click=ResourceSheetState.change(resource.name, row["ref"])
    )
    menu = rx.dropdown_menu.root(
        rx.dropdown_menu.trigger(
            rx.icon_button(
                rx.icon("ellipsis", size=16),
                size="1",
                variant="ghost",
                color_scheme="gray",
                high_contrast=True,
                aria_label="Actions for " + row["label"].to(str),
            )
        ),
        rx.dropdown_menu.content(*items, _if_changeable(resource, change)),
    )
    may_change = _may_change(resource.form)
    is_offered = row["actions"].to(list).length() > 0
    return rx.cond(is_offered | may_change if may_change is not None else is_offered, menu)


def has_row_actions(resource: Resource) -> bool:
    """Whether a list needs a column for actions."""
    return bool(resource.actions) or _may_change(resource.form) is not None


def add_button(resource: Resource, parent: rx.Var[str]) -> rx.Component:
    """On an object's page: to add something that belongs to it, in a dialog."""
    if resource.form is None or resource.form.add is None:
        return rx.fragment()
    button = quiet_button(
        f"Add a {resource.one}", on_click=ResourceSheetState.add(resource.name, parent)
    )
    return rx.cond(SessionState.permissions.contains(resource.form.permission), button)


def _may_change(form: Form | None) -> rx.Var[bool] | None:
    if form is None or form.change is None:
        return None
    return SessionState.permissions.contains(form.permission)


def _if_changeable(resource: Resource, button: rx.Component) -> rx.Component:
    may = _may_change(resource.form)
    return rx.fragment() if may is None else rx.cond(may, button)


def _if_offered(row: Row, one: Action, button: rx.Component) -> rx.Component:
    return rx.cond(row["actions"].to(list[str]).contains(one.name), button)


def _button(resource: Resource, one: Action, row: Row, on_done: Any) -> rx.Component:
    color = {"color_scheme": "red" if one.is_red else "gray", "high_contrast": True}
    if one.href:
        return link_button(one.title, _href(one, row), icon=one.icon, variant="surface", **color)
    return rx.button(
        rx.icon(one.icon, size=16, aria_hidden="true"),
        one.title,
        on_click=_ask(resource, one, row, on_done),
        variant="surface",
        **color,
    )


def _item(resource: Resource, one: Action, row: Row, on_done: Any) -> rx.Component:
    go = rx.redirect(_href(one, row)) if one.href else _ask(resource, one, row, on_done)
    color = {"color": "red"} if one.is_red else {}
    icon = rx.icon(one.icon, size=14, aria_hidden="true")
    return rx.dropdown_menu.item(icon, one.title, on_click=go, **color)


def _ask(resource: Resource, one: Action, row: Row, on_done: Any) -> list[Any]:
    return [ResourceSheetState.ask(resource.name, one.name, row["ref"]), *on_done]


def _href(one: Action, row: Row) -> rx.Var[str]:
    before, _, after = one.href.partition("{ref}")
    return rx.Var.create(before) + row["ref"].to(str) + after

"""The page of any object of administration, and that of adding one, made from descriptions."""

import reflex as rx

from app.components.frame import empty_state, link_button, page_header, skeleton
from app.pages.resource_actions import action_buttons
from app.pages.resource_parts import object_facts, object_history, object_inlines
from app.pages.resource_sheet import sheet_dialog, sheet_form
from app.pages.template import page
from app.resources.base import Resource
from app.resources.register import RESOURCES
from app.states.resource_history import ResourceHistoryState
from app.states.resource_object import ResourceObjectState
from app.states.resource_sheet import ResourceSheetState

State = ResourceObjectState


def object_page(resource: Resource) -> rx.Component:
    """The page of one object of a resource."""
    is_here = State.shown.startswith(f"{resource.path}/")
    return rx.fragment(
        rx.cond(
            is_here & State.is_missing,
            _missing(resource),
            rx.cond(is_here & (State.row["ref"] != ""), _object(resource), skeleton()),
        ),
        sheet_dialog(State.load),
    )


def new_page(resource: Resource) -> rx.Component:
    """The page on which one is added."""
    cancel = link_button(
        "Cancel", resource.path, variant="surface", color_scheme="gray", high_contrast=True
    )
    return rx.fragment(
        _way_back(resource),
        page_header(f"Add a {resource.one}"),
        rx.cond(
            ResourceSheetState.sheet["word"],
            rx.card(sheet_form(cancel=cancel), size="3", width="100%", max_width="720px"),
            skeleton(),
        ),
        sheet_dialog(),
    )


def _object(resource: Resource) -> rx.Component:
    return rx.fragment(
        _way_back(resource),
        page_header(
            State.row["label"],
            action_buttons(resource, State.row, State.load),
            subtitle=resource.one.capitalize(),
        ),
        object_facts(resource),
        object_inlines(resource),
        object_history(),
    )


def _missing(resource: Resource) -> rx.Component:
    return empty_state(
        "search-x",
        f"There is no such {resource.one}",
        "It may have been deleted, or the link is not complete.",
        rx.link(resource.title, href=resource.path),
        level=1,
    )


def _way_back(resource: Resource) -> rx.Component:
    link = rx.link(
        rx.icon("chevron-left", size=14, aria_hidden="true"), resource.title, href=resource.path
    )
    return rx.el.nav(link, aria_label="Way back", class_name="way-back")


def _register(resource: Resource) -> None:
    title = resource.one.capitalize()
    if not resource.page:
        children = [table for one in resource.inlines for table in one.resource().live]
        live = dict.fromkeys([*resource.live, *children], State.load)
        page(
            f"{resource.path}/[object_ref]",
            title=title,
            on_load=[ResourceSheetState.close, State.load, ResourceHistoryState.load],
            live=[*live, "audit_log"],
            reload={**live, "audit_log": ResourceHistoryState.load},
        )(lambda: object_page(resource))
    if not resource.page and resource.form is not None and resource.form.add is not None:
        page(
            f"{resource.path}/new",
            title=f"Add a {resource.one}",
            on_load=[ResourceSheetState.close, ResourceSheetState.load],
        )(lambda: new_page(resource))


for _resource in RESOURCES.values():
    _register(_resource)

"""What is asked before something is done to an object: in a dialog, or on a page of its own."""

from typing import Any

import reflex as rx

from app.components.form_field import form_field
from app.components.frame import notice
from app.components.table import table
from app.states.resource_fields import Difference, FieldsetVar
from app.states.resource_sheet import ResourceSheetState as State

QUIET = {"variant": "surface", "color_scheme": "gray", "high_contrast": True}


def sheet_dialog(*on_done: Any) -> rx.Component:
    """The dialog of a page's actions and forms; `on_done` are run after what was done by it.

    The page calls `ResourceSheetState.close` when it loads.
    """
    title = rx.cond(State.secret, State.said, State.sheet["title"])
    return rx.dialog.root(
        rx.dialog.content(
            rx.dialog.title(title, size="4", class_name="sheet-title"),
            rx.cond(
                State.secret,
                _secret(),
                rx.fragment(
                    rx.dialog.description(State.sheet["text"], size="2", margin_bottom="12px"),
                    sheet_form(*on_done, cancel=_button("Close", State.finish)),
                ),
            ),
            # A click beside it would lose what was typed.
            on_interact_outside=rx.prevent_default,
            max_width="640px",
        ),
        open=State.is_open,
        on_open_change=State.finish,
    )


def sheet_form(*on_done: Any, cancel: rx.Component) -> rx.Component:
    """The form of the sheet that is open."""
    submit = rx.button(
        State.sheet["word"],
        type="submit",
        loading=State.is_busy,
        color_scheme=rx.cond(State.sheet["is_red"], "red", "indigo"),
        high_contrast=True,
    )
    return rx.form(
        rx.el.div(
            rx.cond(
                (State.problem != "") & (State.problem_field == ""),
                notice(State.problem, color="red", icon="circle-alert", role="alert"),
            ),
            rx.cond(State.differences, _conflict()),
            rx.foreach(State.sheet["fieldsets"], _fieldset),
            rx.el.div(cancel, submit, class_name="row sheet-buttons"),
            class_name="stack",
        ),
        key=State.turn.to_string(),
        on_submit=[State.submit, *on_done],
    )


def _fieldset(group: rx.Var[FieldsetVar]) -> rx.Component:
    fields = rx.foreach(
        group["fields"],
        lambda one: form_field(one, problem=State.problem, problem_field=State.problem_field),
    )
    return rx.cond(
        group["title"],
        rx.el.fieldset(
            rx.el.legend(group["title"], class_name="sheet-legend"),
            rx.cond(group["hint"], rx.text(group["hint"], size="2", class_name="muted")),
            fields,
            class_name="sheet-fields",
        ),
        rx.el.div(fields, class_name="sheet-fields"),
    )


def _conflict() -> rx.Component:
    return rx.el.div(
        rx.cond(
            State.changed_by,
            rx.text("Changed last by ", State.changed_by, ".", size="2"),
        ),
        table(
            "What has been changed meanwhile",
            ("Field", "Was", "Is now", "You typed"),
            rx.foreach(State.differences, _difference),
        ),
        rx.el.div(
            _button("Load what is there now", State.take_theirs),
            _button("Keep what I typed", State.keep_mine),
            class_name="row",
        ),
        class_name="stack",
    )


def _difference(one: rx.Var[Difference]) -> rx.Component:
    return rx.table.row(
        rx.table.row_header_cell(one["title"]),
        *[rx.table.cell(one[name], class_name="wrapped") for name in ("before", "now", "typed")],
    )


def _secret() -> rx.Component:
    return rx.el.div(
        rx.dialog.description("It is shown this once, and not stored in readable form.", size="2"),
        rx.el.code(State.secret, class_name="mono secret"),
        rx.el.div(
            rx.button("Copy", type="button", on_click=rx.set_clipboard(State.secret)),
            _button("Done", State.finish),
            class_name="row sheet-buttons",
        ),
        class_name="stack",
    )


def _button(label: str, on_click: Any) -> rx.Component:
    return rx.button(label, type="button", on_click=on_click, **QUIET)

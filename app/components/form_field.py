"""A field of a form that only the running page knows (`app.states.resource_fields`)."""

from typing import Any

import reflex as rx


def form_field(
    one: rx.Var[Any], *, problem: rx.Var[str], problem_field: rx.Var[str]
) -> rx.Component:
    """A labelled control with its hint, and why it is not accepted."""
    is_wrong = problem_field == one["name"]
    wrong = rx.cond(is_wrong, rx.el.span(problem, class_name="field-problem", role="alert"))
    label = rx.el.span(
        one["title"],
        rx.cond(one["required"], rx.el.span(" required", class_name="required-mark")),
        class_name="field-label",
    )
    hint = rx.cond(one["hint"], rx.el.span(one["hint"], class_name="field-hint"))
    common = {"name": one["name"], "custom_attrs": {"aria-invalid": is_wrong}}
    labelled = rx.el.label(label, _control(one, common), hint, wrong, class_name="field")
    ticked = rx.el.div(
        _tick(one["name"], one["title"], one["value"] != "", common),
        hint,
        wrong,
        class_name="field",
    )
    several = rx.el.fieldset(
        rx.el.legend(label), _ticks(one), hint, wrong, class_name="field field-several"
    )
    return rx.match(one["control"], ("tick", ticked), ("several", several), labelled)


def _control(one: rx.Var[Any], common: dict[str, Any]) -> rx.Component:
    typed = {**common, "default_value": one["value"], "placeholder": one["placeholder"]}

    def line(kind: str, **props: Any) -> rx.Component:
        return rx.input(type=kind, width="100%", required=one["required"], **typed, **props)

    choice = rx.el.select(
        rx.foreach(
            one["choices"], lambda choice: rx.el.option(choice["title"], value=choice["value"])
        ),
        default_value=one["value"],
        class_name="select",
        **common,
    )
    return rx.match(
        one["control"],
        ("text", rx.text_area(width="100%", rows="4", required=one["required"], **typed)),
        ("number", line("number", step="any")),
        ("day", line("date")),
        ("secret", line("password", auto_complete="off")),
        ("email", line("email")),
        ("url", line("url")),
        ("choice", choice),
        line("text"),
    )


def _ticks(one: rx.Var[Any]) -> rx.Component:
    return rx.el.div(
        rx.foreach(
            one["choices"],
            lambda choice: _tick(
                one["name"] + "." + choice["value"], choice["title"], choice["is_chosen"], {}
            ),
        ),
        class_name="ticks",
    )


def _tick(name: Any, title: Any, is_ticked: Any, common: dict[str, Any]) -> rx.Component:
    return rx.el.label(
        rx.el.input(type="checkbox", default_checked=is_ticked, **{**common, "name": name}),
        rx.text(title, size="2"),
        class_name="tick",
    )

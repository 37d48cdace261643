"""The third step of a submission: the parameters, in a form made from the panels' recipes."""

import reflex as rx

from app.components.frame import field, notice
from app.pages.submit_step import back_button, step_head
from app.states.submission_items import ParameterItem
from app.states.submitting import SubmitState


def _control(item: ParameterItem) -> rx.Component:
    choice = rx.select.root(
        rx.select.trigger(aria_label=item.label, placeholder="Choose…"),
        rx.select.content(
            rx.foreach(item.choices, lambda pair: rx.select.item(pair[1], value=pair[0]))
        ),
        name=item.name,
        default_value=item.value,
        on_change=lambda value: SubmitState.fill_in(item.name, value),
    )
    number = rx.input(
        name=item.name,
        default_value=item.value,
        input_mode="decimal",
        max_width="200px",
        on_blur=lambda value: SubmitState.fill_in(item.name, value),
    )
    text = rx.input(
        name=item.name,
        default_value=item.value,
        max_width="420px",
        on_blur=lambda value: SubmitState.fill_in(item.name, value),
    )
    return rx.match(item.kind, ("choice", choice), ("integer", number), ("number", number), text)


def _tick(item: ParameterItem) -> rx.Component:
    return rx.el.div(
        rx.el.label(
            rx.el.input(
                type="checkbox",
                name=item.name,
                default_checked=item.value == "true",
                on_change=lambda value: SubmitState.fill_in(item.name, value),
            ),
            rx.el.span(item.label, class_name="field-label"),
            class_name="row",
        ),
        rx.cond(item.help, rx.el.span(item.help, class_name="field-hint")),
        rx.cond(item.used_by, rx.el.span("Only for ", item.used_by, class_name="field-hint")),
        rx.cond(item.problem, rx.el.span(item.problem, class_name="field-problem", role="alert")),
        class_name="field",
    )


def _field(item: ParameterItem) -> rx.Component:
    hint = rx.cond(item.used_by, item.help + " Only for " + item.used_by + ".", item.help)
    return rx.box(
        rx.cond(
            item.kind == "boolean",
            _tick(item),
            field(item.label, _control(item), hint=hint, problem=item.problem),
        ),
        key=item.name,
    )


def parameters_step() -> rx.Component:
    """Fill in the parameters."""
    return rx.el.section(
        step_head("How?", "The values are the recommended ones. Change them only with a reason."),
        rx.form(
            rx.cond(
                SubmitState.parameters,
                rx.card(
                    rx.el.div(
                        rx.foreach(SubmitState.parameters, _field), class_name="parameter-fields"
                    ),
                    size="3",
                    width="100%",
                ),
                notice("There is nothing to set: these panels have no parameters."),
            ),
            rx.el.div(
                back_button(1),
                rx.button("Continue", type="submit", size="3"),
                class_name="step-buttons",
            ),
            on_submit=SubmitState.check_parameters,
            class_name="stack",
        ),
        class_name="stack",
    )

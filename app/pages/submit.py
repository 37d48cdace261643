"""Submitting: a dataset, panels, parameters, a look over it all, and off it goes, once."""

import reflex as rx

from app.components.frame import notice, page_header, skeleton
from app.pages.submit_dataset import dataset_step
from app.pages.submit_panels import panels_step
from app.pages.submit_parameters import parameters_step
from app.pages.submit_review import review_step
from app.pages.template import page
from app.states.submitting import STEPS, SubmitState


def _step(number: int, title: str) -> rx.Component:
    is_here = SubmitState.step == number
    is_done = SubmitState.step > number
    mark = rx.cond(
        is_done, rx.icon("check", size=13, aria_hidden="true"), rx.el.span(str(number + 1))
    )
    return rx.el.li(
        rx.el.button(
            rx.el.span(mark, class_name="step-mark"),
            title,
            rx.el.span(rx.cond(is_done, ", done", ""), class_name="visually-hidden"),
            on_click=SubmitState.go(number),
            type="button",
            class_name=rx.cond(
                is_here, "step step-here", rx.cond(is_done, "step step-done", "step")
            ),
            custom_attrs={"aria-current": rx.cond(is_here, "step", "false")},
        )
    )


def _stepper() -> rx.Component:
    return rx.el.nav(
        rx.el.ol(*[_step(number, title) for number, title in enumerate(STEPS)], class_name="steps"),
        aria_label="Steps of the submission",
    )


@page("/submit", title="Submit", on_load=SubmitState.load, live=["datasets", "service_credentials"])
def submit() -> rx.Component:
    """Show the step that one is at."""
    steps = rx.match(
        SubmitState.step,
        (1, panels_step()),
        (2, parameters_step()),
        (3, review_step()),
        dataset_step(),
    )
    problem = rx.cond(
        SubmitState.problem,
        notice(SubmitState.problem, color="amber", icon="triangle-alert", role="alert"),
    )
    in_place_of = rx.cond(
        SubmitState.first_ref,
        notice(
            rx.fragment(
                "In place of ",
                rx.link(
                    SubmitState.first_title,
                    href="/jobs/" + SubmitState.first_ref,
                    underline="always",
                    color="inherit",
                ),
                ": choose other panels for the same dataset and parameters.",
            ),
            icon="repeat",
        ),
    )
    return rx.fragment(
        page_header("Submit", subtitle="One dataset, imputed with one or more panels."),
        rx.cond(
            SubmitState.is_loaded,
            rx.el.div(_stepper(), in_place_of, problem, steps, class_name="submit"),
            skeleton(),
        ),
    )

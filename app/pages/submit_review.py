"""The last step of a submission: what goes where, and the button that sends it."""

import reflex as rx

from app.components.controls import tick
from app.components.frame import fact, facts, field, section
from app.components.status import badge
from app.pages.submit_step import back_button, step_head
from app.pages.submit_terms import terms_step
from app.states.submission_items import ReviewItem
from app.states.submitting import SubmitState


def _destination(item: ReviewItem) -> rx.Component:
    return rx.el.li(
        rx.el.div(
            rx.text(item.panel, weight="medium"),
            rx.icon("arrow-right", size=14, aria_hidden="true", class_name="muted"),
            rx.text(item.service),
            badge(rx.cond(item.place, item.place, "Place not known"), "gray", "map-pin"),
            rx.cond(item.is_simulation, badge("Simulation", "purple", "flask-conical")),
            class_name="row",
        ),
        rx.cond(
            item.parameters,
            rx.text(
                rx.foreach(
                    item.parameters,
                    lambda pair: rx.el.span(pair[0], ": ", pair[1], class_name="parameter"),
                ),
                size="1",
                class_name="muted",
            ),
        ),
        class_name="destination",
    )


def review_step() -> rx.Component:
    """Look it all over and submit it."""
    return rx.el.section(
        step_head(
            "Is this right?",
            "The files of the dataset leave this platform and go to the places below.",
        ),
        section(
            "What goes",
            facts(
                fact("Dataset", SubmitState.dataset_name),
                fact("Files", SubmitState.dataset_facts),
                fact("Jobs", SubmitState.review.length()),
            ),
        ),
        section(
            "Where it goes",
            rx.el.ul(rx.foreach(SubmitState.review, _destination), class_name="destinations"),
        ),
        rx.form(
            terms_step(),
            field(
                "Name of the submission",
                rx.input(
                    name="name", default_value=SubmitState.name, max_length=200, max_width="420px"
                ),
                hint="To find it again among your jobs.",
            ),
            rx.cond(
                SubmitState.first_is_open,
                tick(
                    "ends_first",
                    "Give up " + SubmitState.first_title + " as well; its run may go on there",
                    checked=SubmitState.first_is_open,
                ),
            ),
            rx.el.div(
                back_button(2),
                rx.button(
                    rx.icon("send", size=16, aria_hidden="true"),
                    rx.cond(SubmitState.is_sending, "Submitting…", "Submit"),
                    type="submit",
                    disabled=SubmitState.is_sending,
                    size="3",
                ),
                class_name="step-buttons",
            ),
            on_submit=SubmitState.send,
            class_name="stack",
        ),
        class_name="stack",
    )

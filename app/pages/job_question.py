"""What a job asks its owner: did the service take the run, are the late results wanted."""

from typing import Any

import reflex as rx

from app.components.confirm import confirm
from app.components.frame import fact, facts, field, notice, section
from app.components.moment import exact_moment, moment
from app.pages.job_state import JobState, QuestionItem
from app.states.job_item import JobItem

QUIET = {"variant": "surface", "color_scheme": "gray", "high_contrast": True}


RUN_GOES_ON = (
    "The platform stops following it and fetches no results. It stops nothing at the service, "
    "where the run may go on. If it is seen to complete within 30 days, you are told and can still "
    "have the results."
)
RUN_IS_UNKNOWN = (
    "The platform asks no more. If the run is at the service after all, it goes on there, and "
    "nobody fetches its results."
)


def give_up(trigger: rx.Component, text: str = RUN_GOES_ON) -> rx.Component:
    """Ask before the job is given up."""
    return confirm(
        trigger,
        title="Give this job up?",
        text=text,
        action="Give it up",
        on_confirm=JobState.give_up,
    )


def question(job: rx.Var[JobItem], asked: rx.Var[QuestionItem]) -> rx.Component:
    """Ask whether the service took the run, with all that is known."""
    head = rx.el.span("Did ", job.service, " take this run?")
    return section(
        head,
        rx.el.div(
            rx.text(asked.explanation, size="2"),
            _evidence(job, asked),
            rx.text(
                "Look at ",
                job.service,
                ", or ask its operators, for a run that was taken at about this time and carries "
                "the tag. Where tags are not shown, compare the workflow and its input files.",
                size="2",
            ),
            rx.cond(asked.trouble, notice(asked.trouble, color="amber", icon="unplug")),
            rx.cond(
                asked.checking,
                notice(
                    rx.fragment("Asking ", job.service, " about the run ", asked.checking, "…"),
                    icon="search",
                ),
            ),
            rx.cond(JobState.can_answer, _answers(job, asked)),
            class_name="stack",
        ),
    )


def _evidence(job: rx.Var[JobItem], asked: rx.Var[QuestionItem]) -> rx.Component:
    sent = rx.fragment(exact_moment(asked.sent_at), " (", moment(asked.sent_at), ")")
    return facts(
        fact("Sent, by our clock", sent),
        fact("To", rx.link(job.service, href="/services/" + job.service_ref)),
        fact("Our id travelled as the tag", rx.el.code(asked.tag, class_name="mono")),
        fact("Workflow", rx.el.code(asked.workflow, class_name="mono")),
        fact("Input", rx.link(job.dataset, href="/datasets/" + job.dataset_ref)),
    )


def _answers(job: rx.Var[JobItem], asked: rx.Var[QuestionItem]) -> rx.Component:
    return rx.el.div(
        _it_is_there(job),
        rx.el.div(
            rx.cond(asked.checking, rx.fragment(), _it_is_not_there(asked)),
            give_up(rx.button("I cannot tell: give it up", **QUIET), RUN_IS_UNKNOWN),
            class_name="row",
        ),
        class_name="stack",
    )


def _it_is_there(job: rx.Var[JobItem]) -> rx.Component:
    hint = rx.fragment(
        job.service,
        " is asked for the whole record of that run before it is believed: some services answer to "
        "any id.",
    )
    control = rx.el.div(
        rx.input(name="remote_id", max_length=300, required=True, class_name="run-id"),
        rx.button("Yes, it is there", type="submit"),
        class_name="row",
    )
    return rx.form(
        field("Its run id at the service", control, hint=hint),
        on_submit=JobState.confirm_run,
    )


def _it_is_not_there(asked: rx.Var[QuestionItem]) -> rx.Component:
    def ask(action: str, text: str) -> rx.Component:
        return confirm(
            rx.button(f"No, it is not there: {action}", **QUIET),
            title="Is it surely not there?",
            text=text,
            action=action.capitalize(),
            on_confirm=JobState.not_there,
            otherwise="Look again",
        )

    return rx.cond(
        asked.is_cancelled,
        ask(
            "cancel the job",
            "You asked for this job to be cancelled. If the run is there after all, it goes on at "
            "the service, and nobody stops it.",
        ),
        ask(
            "send it again",
            "If the run is there after all, the service computes it twice. The platform follows "
            "the new run only; the other one goes on and its results are not fetched.",
        ),
    )


def offer(job: rx.Var[JobItem]) -> rx.Component:
    """Offer the results of a run that was given up and completed after all."""
    decline = confirm(
        rx.button("No, thank you", **QUIET),
        title="Leave the results?",
        text="They are not offered again.",
        action="Leave them",
        on_confirm=JobState.decline_offer,
    )
    fetch: Any = rx.button("Fetch the results", on_click=JobState.accept_offer)
    return section(
        "It is complete after all",
        rx.el.div(
            rx.text(
                "This job was given up ",
                moment(job.finished_at),
                ". Its run went on at ",
                job.service,
                " and was seen to be complete ",
                moment(JobState.offered_at),
                ". Its results can be fetched and verified like those of any other run.",
                size="2",
            ),
            rx.cond(JobState.can_answer, rx.el.div(fetch, decline, class_name="row")),
            class_name="stack",
        ),
    )

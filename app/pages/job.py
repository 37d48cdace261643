"""One job: how it is, what came of it, and every step on the way, live."""

import reflex as rx

from app.components.confirm import confirm
from app.components.frame import (
    empty_state,
    fact,
    facts,
    link_button,
    notice,
    page_header,
    section,
    skeleton,
)
from app.components.moment import moment
from app.components.status import job_status
from app.pages.job_errors import warnings, what_ends_the_hold, why_it_failed
from app.pages.job_history import history_list, stages
from app.pages.job_logs import logs_section
from app.pages.job_outlook import job_outlook
from app.pages.job_progress import job_progress
from app.pages.job_quality import job_quality
from app.pages.job_question import give_up, offer, question
from app.pages.job_results_section import results_section
from app.pages.job_slot import JobSlotState, slot_section
from app.pages.job_state import JobState, LinkItem
from app.pages.template import page
from app.states.job_item import JobItem


def _actions() -> rx.Component:
    quiet = {"variant": "surface", "color_scheme": "gray", "high_contrast": True}
    return rx.fragment(
        rx.cond(
            JobState.can_cancel,
            confirm(
                rx.button("Cancel the job", **quiet),
                title="Cancel this job?",
                text=rx.cond(
                    JobState.cancel_limit,
                    JobState.cancel_limit + " It is asked all the same, but the run will most "
                    "likely go on. You can give the job up instead.",
                    "The service is asked to stop the run. What it has computed so far is lost.",
                ),
                action="Cancel the job",
                on_confirm=JobState.cancel,
                otherwise="Let it run",
            ),
        ),
        rx.cond(
            JobState.can_restart,
            rx.button("Start again at the service", on_click=JobState.restart),
        ),
        rx.cond(
            JobState.can_give_up & ~JobState.question,
            give_up(rx.button("Give it up", **quiet)),
        ),
        rx.cond(
            JobState.can_resubmit,
            link_button(
                "Resubmit elsewhere",
                "/submit?resubmit=" + JobState.job.ref,
                icon="send",
                **quiet,
            ),
        ),
    )


def _contact(job: rx.Var[JobItem]) -> rx.Component:
    state = rx.cond(
        job.remote_state,
        rx.el.span("· it says ", rx.el.code(job.remote_state, class_name="mono")),
    )
    return rx.cond(
        job.contact_at,
        rx.el.p(
            rx.icon("radio", size=14, aria_hidden="true"),
            rx.el.span("Last heard from ", job.service, " ", moment(job.contact_at)),
            state,
            class_name="row muted contact",
        ),
    )


def _lost(job: rx.Var[JobItem]) -> rx.Component:
    """Why the worker does nothing about the job for the moment."""
    text = rx.fragment(
        rx.cond(
            JobState.lost_since,
            rx.fragment("Contact with ", job.service, " lost ", moment(JobState.lost_since)),
            rx.fragment(job.service, " asks us to wait"),
        ),
        "; next try ",
        moment(JobState.next_try),
        ".",
    )
    return rx.cond(JobState.next_try, notice(text, color="amber", icon="timer"))


def _stall() -> rx.Component:
    """That the run takes unusually long, and what can be done."""
    text = rx.fragment(
        JobState.stall,
        " You can wait, give it up, or submit the dataset elsewhere with another panel.",
    )
    return notice(text, color="amber", icon="timer-off")


def _link(item: LinkItem) -> rx.Component:
    return rx.el.li(
        rx.el.div(rx.link(item.title, href="/jobs/" + item.ref, size="2"), class_name="list-main"),
        job_status(item.status),
    )


def _relatives() -> rx.Component:
    """The job in whose place this one was submitted, and those submitted in its place."""
    return rx.fragment(
        rx.cond(
            JobState.first,
            section("Submitted in place of", rx.el.ul(_link(JobState.first), class_name="list")),
        ),
        rx.cond(
            JobState.again,
            section(
                "Submitted again as",
                rx.el.ul(rx.foreach(JobState.again, _link), class_name="list"),
            ),
        ),
    )


def _status(job: rx.Var[JobItem]) -> rx.Component:
    return rx.card(
        rx.el.div(
            job_status(job.status),
            rx.text(job.line, size="3", role="status"),
            class_name="row",
        ),
        stages(JobState.stages),
        rx.cond(job.is_held & ~JobState.question, what_ends_the_hold()),
        rx.cond(job.contact_note, notice(job.contact_note, color="amber", icon="unplug")),
        _lost(job),
        rx.cond(JobState.stall, _stall()),
        rx.cond(job.cancel_note, notice(job.cancel_note, color="gray", icon="circle-minus")),
        _contact(job),
        width="100%",
        size="2",
        class_name="status-card",
    )


def _sent(job: rx.Var[JobItem]) -> rx.Component:
    return facts(
        fact("Dataset", rx.link(job.dataset, href="/datasets/" + job.dataset_ref)),
        fact("Panel", job.panel),
        fact("Genome build", JobState.build),
        fact("Service", rx.link(job.service, href="/services/" + job.service_ref)),
        fact("Place", rx.cond(JobState.place, JobState.place, "–")),
        fact("Run at the service", rx.cond(job.remote_id, job.remote_id, "–")),
        fact("Submitted by", job.owner),
        fact("Submitted", moment(job.created_at)),
        rx.foreach(JobState.parameters, lambda pair: fact(pair[0], pair[1])),
    )


def _content(job: rx.Var[JobItem]) -> rx.Component:
    submission = rx.link("Its submission", href="/submissions/" + JobState.submission_ref, size="2")
    return rx.fragment(
        page_header(
            job.name, _actions(), subtitle=job.dataset + " → " + job.panel + " at " + job.service
        ),
        _status(job),
        slot_section(),
        rx.cond(JobState.question, question(job, JobState.question)),
        rx.cond(JobState.offered_at, offer(job)),
        job_outlook(),
        rx.cond(job.error_message, why_it_failed(job.error_message)),
        results_section(job),
        rx.cond(job.error_message, rx.fragment(), warnings()),
        job_quality(),
        job_progress(job.service),
        section("What was sent", _sent(job), action=submission),
        _relatives(),
        logs_section(),
        section("History", history_list(JobState.history)),
    )


@page(
    "/jobs/[job_ref]",
    title="Job",
    on_load=[JobState.load, JobSlotState.load],
    live=(["jobs", "job_slots"], "job_ref"),
    reload={"jobs": None, "job_slots": JobSlotState.load},
    own="job:read:any",
)
def job() -> rx.Component:
    """Show the job in the URL."""
    back = rx.link("All jobs", href="/jobs")
    missing = rx.fragment(
        page_header("Job"),
        empty_state("search-x", "There is no such job", "It may belong to somebody else.", back),
    )
    return rx.cond(
        JobState.job,
        _content(JobState.job),
        rx.cond(JobState.is_missing, missing, skeleton()),
    )

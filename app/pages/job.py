"""One job: how it is, what came of it, and every step on the way, live."""

import reflex as rx

from app.components.confirm import confirm
from app.components.frame import empty_state, fact, facts, notice, page_header, section, skeleton
from app.components.moment import moment
from app.components.status import job_status
from app.domain import jobs as domain
from app.domain.access import Actor
from app.domain.errors import NotFound
from app.domain.job_details import JobDetail, job_detail
from app.pages.job_history import (
    ChangeItem,
    Stage,
    change_item,
    history_list,
    stages,
    stages_of,
)
from app.pages.job_logs import JobLogsState, logs_section, show_logs
from app.pages.job_results import ResultItem, result_item, results_table
from app.pages.template import page
from app.states.calls import call
from app.states.guard import guarded
from app.states.job_item import ENDED, JobItem, job_item, value_text
from app.states.route import route_argument
from app.states.service_item import iso
from models import db

CAN_CANCEL = ("waiting", "queued", "submitting", "submitted", "running")


class JobState(rx.State):
    """The job in the URL."""

    job: JobItem | None = None
    submission_ref: str = ""
    build: str = ""
    place: str = ""
    parameters: list[tuple[str, str]] = []
    stages: list[Stage] = []
    history: list[ChangeItem] = []
    results: list[ResultItem] = []
    lost_since: str = ""
    next_try: str = ""
    can_cancel: bool = False
    can_give_up: bool = False
    is_missing: bool = False

    @guarded("job:read")
    async def load(self, actor: Actor) -> None:
        """Read the job; another one that was shown here before goes first."""
        if self.job and self.job["ref"] != self._ref():
            self.job = None
        try:
            detail = await call(db.JOBS, job_detail, actor=actor, job_ref=self._ref())
        except NotFound:
            self.job, self.is_missing = None, True
            return
        self._show(actor, detail)
        await show_logs(await self.get_state(JobLogsState), actor, list(detail.log_names))

    @guarded("job:cancel")
    async def cancel(self, actor: Actor) -> rx.event.EventSpec:
        """Ask for the job to be cancelled."""
        await call(db.JOBS, domain.cancel, actor=actor, job_ref=self._ref())
        return JobState.load

    @guarded("job:cancel")
    async def give_up(self, actor: Actor) -> rx.event.EventSpec:
        """Stop following the job."""
        await call(db.JOBS, domain.give_up, actor=actor, job_ref=self._ref())
        return JobState.load

    def _ref(self) -> str:
        return route_argument(self, "job_ref")

    def _show(self, actor: Actor, detail: JobDetail) -> None:
        row = detail.row
        is_own = row.owner_ref == actor.user_ref
        may_cancel = "job:cancel:any" in actor.permissions or (is_own and actor.may("job:cancel"))
        self.job, self.is_missing = job_item(row), False
        self.submission_ref = detail.submission_ref
        panel = detail.panel
        self.build = str(panel.get("build") or "–")
        self.place = " · ".join(
            str(panel[key]) for key in ("location", "country") if panel.get(key)
        )
        self.parameters = [(title, value_text(value)) for title, value in detail.parameters]
        self.stages = stages_of(detail)
        self.history = [change_item(change) for change in reversed(detail.history)]
        self.results = [result_item(result) for result in detail.results]
        contact = detail.contact if row.status not in ENDED else None
        self.lost_since = iso(contact.lost_at) if contact else ""
        self.next_try = iso(contact.retry_at) if contact else ""
        self.can_cancel = may_cancel and row.status in CAN_CANCEL
        self.can_give_up = may_cancel and domain.may_give_up(row)


def _actions() -> rx.Component:
    quiet = {"variant": "surface", "color_scheme": "gray", "high_contrast": True}
    return rx.fragment(
        rx.cond(
            JobState.can_cancel,
            confirm(
                rx.button("Cancel the job", **quiet),
                title="Cancel this job?",
                text="The service is asked to stop the run. What it has computed so far is lost.",
                action="Cancel the job",
                on_confirm=JobState.cancel,
                otherwise="Let it run",
            ),
        ),
        rx.cond(
            JobState.can_give_up,
            confirm(
                rx.button("Give it up", **quiet),
                title="Give this job up?",
                text="The platform stops following it. The run may go on at the service, and its "
                "results are not fetched.",
                action="Give it up",
                on_confirm=JobState.give_up,
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


def _status(job: rx.Var[JobItem]) -> rx.Component:
    color = rx.cond(job.is_held, "amber", "gray")
    return rx.card(
        rx.el.div(
            job_status(job.status),
            rx.text(job.line, size="3", role="status"),
            class_name="row",
        ),
        stages(JobState.stages),
        rx.cond(
            job.is_held,
            notice("This job needs a person. What to do is said above.", color=color, icon="hand"),
        ),
        rx.cond(job.contact_note, notice(job.contact_note, color="amber", icon="unplug")),
        _lost(job),
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
    cause = section("Why it failed", rx.el.pre(job.error_message, class_name="log", tab_index=0))
    submission = rx.link("Its submission", href="/submissions/" + JobState.submission_ref, size="2")
    return rx.fragment(
        page_header(
            job.name, _actions(), subtitle=job.dataset + " → " + job.panel + " at " + job.service
        ),
        _status(job),
        rx.cond(job.error_message, cause),
        rx.cond(JobState.results, section("Results", results_table(JobState.results))),
        section("What was sent", _sent(job), action=submission),
        logs_section(),
        section("History", history_list(JobState.history)),
    )


@page(
    "/jobs/[job_ref]",
    title="Job",
    on_load=JobState.load,
    live=("jobs", "job_ref"),
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

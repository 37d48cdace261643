"""The job in the URL: what its page shows, and what a person does to it there."""

from typing import Any, TypedDict

import reflex as rx

from app.domain import job_answers, job_offers, job_restarts
from app.domain import jobs as domain
from app.domain.access import Actor
from app.domain.errors import NotFound
from app.domain.job_answers import Question
from app.domain.job_details import JobDetail, job_detail
from app.domain.job_queries import JobRow
from app.domain.job_status import INTERRUPTED
from app.domain.resubmissions import JobLink, may_resubmit
from app.pages.job_downloads import JobDownloadsState, show_downloads
from app.pages.job_errors import JobErrorsState, show_errors
from app.pages.job_history import ChangeItem, Stage, change_item, stages_of
from app.pages.job_logs import JobLogsState, show_logs
from app.pages.job_outlook import JobOutlookState, show_outlook
from app.pages.job_progress import JobProgressState, show_progress
from app.pages.job_quality import JobQualityState, show_quality
from app.states.calls import call
from app.states.guard import guarded
from app.states.job_item import ENDED, JobItem, job_item, value_text
from app.states.limits import limits_of
from app.states.route import route_argument
from app.states.service_item import iso
from models import db

AT_SERVICE = ("submitting", "submitted", "running")
CAN_CANCEL = ("waiting", "queued", *AT_SERVICE)


class QuestionItem(TypedDict):
    """What its owner needs to say whether a service took a run (see `job_answers.Question`)."""

    sent_at: str
    explanation: str
    tag: str
    workflow: str
    checking: str
    trouble: str
    is_cancelled: bool


class LinkItem(TypedDict):
    """A job that this one leads to."""

    ref: str
    title: str
    status: str


class JobState(rx.State):
    """The job in the URL."""

    job: JobItem | None = None
    submission_ref: str = ""
    build: str = ""
    place: str = ""
    parameters: list[tuple[str, str]] = []
    stages: list[Stage] = []
    history: list[ChangeItem] = []
    lost_since: str = ""
    next_try: str = ""
    question: QuestionItem | None = None
    stall: str = ""
    offered_at: str = ""
    first: LinkItem | None = None
    again: list[LinkItem] = []
    can_cancel: bool = False
    cancel_limit: str = ""
    can_give_up: bool = False
    can_restart: bool = False
    can_answer: bool = False
    can_resubmit: bool = False
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
        show_progress(await self.get_state(JobProgressState), detail)
        show_errors(await self.get_state(JobErrorsState), actor, detail)
        show_quality(await self.get_state(JobQualityState), detail)
        self.cancel_limit = await _cancel_limit(actor, detail.row)
        await show_outlook(await self.get_state(JobOutlookState), actor, detail.row)
        await show_downloads(await self.get_state(JobDownloadsState), actor, detail)
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

    @guarded("job:cancel")
    async def restart(self, actor: Actor) -> rx.event.EventSpec:
        """Have the service start the interrupted run again."""
        await call(db.JOBS, job_restarts.ask_restart, actor=actor, job_ref=self._ref())
        return JobState.load

    @guarded("job:cancel")
    async def confirm_run(self, actor: Actor, form: dict[str, Any]) -> rx.event.EventSpec:
        """Say under which id the service has the run."""
        given = form.get("remote_id", "") if isinstance(form, dict) else ""
        await call(
            db.JOBS,
            job_answers.confirm_run,
            actor=actor,
            job_ref=self._ref(),
            remote_id=str(given),
        )
        return JobState.load

    @guarded("job:cancel")
    async def not_there(self, actor: Actor) -> rx.event.EventSpec:
        """Say that the service does not have the run."""
        await call(db.JOBS, job_answers.not_there, actor=actor, job_ref=self._ref())
        return JobState.load

    @guarded("job:cancel")
    async def accept_offer(self, actor: Actor) -> rx.event.EventSpec:
        """Have the results of the run fetched that was given up."""
        await call(db.JOBS, job_offers.accept_offer, actor=actor, job_ref=self._ref())
        return JobState.load

    @guarded("job:cancel")
    async def decline_offer(self, actor: Actor) -> rx.event.EventSpec:
        """Leave the results of the run that was given up."""
        await call(db.JOBS, job_offers.decline_offer, actor=actor, job_ref=self._ref())
        return JobState.load

    def _ref(self) -> str:
        return route_argument(self, "job_ref")

    def _show(self, actor: Actor, detail: JobDetail) -> None:
        row = detail.row
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
        contact = detail.contact if row.status not in ENDED else None
        self.lost_since = iso(contact.lost_at) if contact else ""
        self.next_try = iso(contact.retry_at) if contact else ""
        self.question = _question_item(detail.question) if detail.question else None
        self.stall, self.offered_at = detail.stall, ""
        if row.status == "lost":
            self.offered_at = iso(row.offered_at)
        self.first = _link_item(detail.first) if detail.first else None
        self.again = [_link_item(link) for link in detail.again]
        self._allow(actor, row)

    def _allow(self, actor: Actor, row: JobRow) -> None:
        """Offer what this person may do to the job as it is."""
        is_own = row.owner_ref == actor.user_ref
        may_act = "job:cancel:any" in actor.permissions or (is_own and actor.may("job:cancel"))
        self.can_answer = may_act
        self.can_cancel = may_act and row.status in CAN_CANCEL and self.question is None
        self.can_give_up = may_act and domain.may_give_up(row)
        self.can_restart = may_act and row.held_reason == INTERRUPTED
        self.can_resubmit = is_own and actor.may("job:submit") and may_resubmit(row)


async def _cancel_limit(actor: Actor, row: JobRow) -> str:
    """That the service is known to ignore cancels, while the run is there; empty otherwise."""
    if row.status not in AT_SERVICE:
        return ""
    limits = (await limits_of(actor, [row.service_ref])).get(row.service_ref, [])
    seen = next((limit.checked_at for limit in limits if limit.feature == "cancel"), None)
    return f"{row.service_name} is known to ignore cancels (seen {seen:%Y-%m-%d})." if seen else ""


def _question_item(question: Question) -> QuestionItem:
    return QuestionItem(
        sent_at=iso(question.sent_at),
        explanation=question.explanation,
        tag=f"{question.tag} = {question.job_ref}",
        workflow=question.workflow,
        checking=question.checking,
        trouble=question.trouble,
        is_cancelled=question.is_cancelled,
    )


def _link_item(link: JobLink) -> LinkItem:
    title = f"{link.name}, with {link.panel_name} at {link.service_name}"
    return LinkItem(ref=link.ref, title=title, status=link.status)

"""One submission: what was sent where, and how each of its jobs is."""

import reflex as rx

from app.components.frame import empty_state, fact, facts, page_header, section, skeleton
from app.components.moment import moment
from app.components.status import job_status
from app.domain.access import Actor
from app.domain.errors import NotFound
from app.domain.submissions import submission_detail
from app.pages.template import page
from app.states.calls import call
from app.states.guard import guarded
from app.states.job_item import JobItem, job_item
from app.states.route import route_argument
from app.states.service_item import iso
from app.states.slot_item import slot_places
from models import db


class SubmissionState(rx.State):
    """The submission in the URL."""

    ref: str = ""
    name: str = ""
    owner: str = ""
    dataset: str = ""
    dataset_ref: str = ""
    created_at: str = ""
    jobs: list[JobItem] = []
    is_loaded: bool = False
    is_missing: bool = False
    _has_waiting: bool = False

    @guarded("job:read")
    async def load(self, actor: Actor) -> None:
        """Read the submission and its jobs; another one shown here before goes first."""
        ref = route_argument(self, "submission_ref")
        self.is_loaded = self.is_loaded and ref == self.ref
        self.ref = ref
        try:
            detail = await call(db.JOBS, submission_detail, actor=actor, submission_ref=ref)
        except NotFound:
            self.is_loaded, self.is_missing = False, True
            return
        row = detail.row
        self.name, self.owner = row.name, row.owner_name
        self.dataset, self.dataset_ref = row.dataset_name, row.dataset_ref
        self.created_at = iso(row.created_at)
        waiting = [job.ref for job in detail.jobs if job.waits_for]
        _, said = await slot_places(actor, waiting)
        self.jobs = [job_item(job, place=said.get(job.ref, "")) for job in detail.jobs]
        self._has_waiting = bool(waiting)
        self.is_loaded, self.is_missing = True, False

    @guarded("job:read")
    async def load_places(self, actor: Actor) -> rx.event.EventSpec | None:
        """Read the page again where a job on it waits for a slot, and lines have moved."""
        return SubmissionState.load if self._has_waiting else None


def _row(item: JobItem) -> rx.Component:
    return rx.table.row(
        rx.table.row_header_cell(
            rx.link(item.panel, href="/jobs/" + item.ref, weight="medium", high_contrast=True),
            rx.text(item.service, size="1", class_name="muted"),
        ),
        rx.table.cell(job_status(item.status)),
        rx.table.cell(rx.text(item.line, size="2")),
        rx.table.cell(moment(item.updated_at)),
        align="center",
    )


def _content() -> rx.Component:
    heads = ("Panel", "Status", "How it stands", "Changed")
    table = rx.table.root(
        rx.table.header(rx.table.row(*[rx.table.column_header_cell(head) for head in heads])),
        rx.table.body(rx.foreach(SubmissionState.jobs, _row)),
        variant="surface",
        size="1",
    )
    dataset = rx.link(SubmissionState.dataset, href="/datasets/" + SubmissionState.dataset_ref)
    return rx.fragment(
        page_header(SubmissionState.name, subtitle="A submission: one job for each panel."),
        section(
            "What was sent",
            facts(
                fact("Dataset", dataset),
                fact("Submitted by", SubmissionState.owner),
                fact("Submitted", moment(SubmissionState.created_at)),
            ),
        ),
        table,
    )


@page(
    "/submissions/[submission_ref]",
    title="Submission",
    on_load=SubmissionState.load,
    live=["jobs", "job_slots"],
    reload={"jobs": None, "job_slots": SubmissionState.load_places},
    own="job:read:any",
)
def submission() -> rx.Component:
    """Show the submission in the URL."""
    back = rx.link("All jobs", href="/jobs")
    missing = rx.fragment(
        page_header("Submission"),
        empty_state(
            "search-x", "There is no such submission", "It may belong to somebody else.", back
        ),
    )
    return rx.cond(
        SubmissionState.is_loaded,
        _content(),
        rx.cond(SubmissionState.is_missing, missing, skeleton()),
    )

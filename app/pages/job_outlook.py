"""On a job's page: what to expect while it waits, and where it could go instead."""

import reflex as rx

from app.components.frame import section
from app.components.outlook import alternatives_list, outlook_lines
from app.domain.access import Actor
from app.domain.dataset_limits import FileFacts, file_facts
from app.domain.datasets import dataset_detail
from app.domain.errors import NotFound
from app.domain.estimate_records import kept_estimate
from app.domain.health import Health
from app.domain.job_queries import JobRow
from app.domain.panels import PanelRow, get_panel
from app.domain.queue_pace import paces
from app.states.calls import call
from app.states.outlook import expectations, instead_of
from app.states.outlook_item import (
    AlternativeItem,
    OutlookLine,
    alternative_item,
    expected_lines,
    kept_line,
    queue_line,
)
from models import db

WAITING = ("waiting", "queued", "submitting", "submitted")
UNDER_WAY = (*WAITING, "running", "cancelling")


class JobOutlookState(rx.State):
    """The outlook of the job in the URL; empty where its service is well and it waits no more."""

    lines: list[OutlookLine] = []
    alternatives: list[AlternativeItem] = []


async def show_outlook(state: JobOutlookState, actor: Actor, job: JobRow) -> None:
    """Show what a job can expect while it waits, and where it could go while that is not well.

    Only its owner is shown where it could go. While the registry is away nothing is shown, and the
    rest of the job is.
    """
    try:
        panel = await _panel(actor, job)
        is_well = panel is None or panel.health_status == Health.UP
        state.lines = await _lines(actor, job, panel)
        is_hindered = job.status in UNDER_WAY and not (is_well and job.stalled_at is None)
        found = (
            await instead_of(actor, [job.panel_ref], files=await _files(actor, job))
            if is_hindered and job.owner_ref == actor.user_ref
            else []
        )
        state.alternatives = [alternative_item(one, job_ref=job.ref) for one in found]
    except db.UNAVAILABLE:
        state.lines, state.alternatives = [], []


async def _panel(actor: Actor, job: JobRow) -> PanelRow | None:
    if job.status not in UNDER_WAY or not actor.may("service:read"):
        return None
    try:
        detail = await call(db.REGISTRY, get_panel, actor=actor, panel_ref=job.panel_ref)
    except NotFound:
        return None
    return detail.row


async def _files(actor: Actor, job: JobRow) -> list[FileFacts]:
    """What is known of the files of the job's dataset now."""
    try:
        detail = await call(db.FILES, dataset_detail, actor=actor, dataset_ref=job.dataset_ref)
    except (NotFound, *db.UNAVAILABLE):
        return []
    return [file_facts(row) for row in detail.files]


async def _lines(actor: Actor, job: JobRow, panel: PanelRow | None) -> list[OutlookLine]:
    if job.status not in UNDER_WAY:
        return []
    kept = await call(db.JOBS, kept_estimate, actor=actor, job_ref=job.ref)
    lines = [kept_line(kept)] if kept else []
    if panel is None or job.status not in WAITING:
        return lines
    known = await call(db.REGISTRY, paces, actor=actor, service_refs=[job.service_ref])
    expected = await expectations(actor, [panel])
    now = expected_lines(expected[panel.ref])
    return [*lines, queue_line(known.get(job.service_ref)), *now]


def job_outlook() -> rx.Component:
    """The sections, where there is anything to say."""
    state = JobOutlookState
    return rx.fragment(
        rx.cond(state.lines, section("What to expect", outlook_lines(state.lines))),
        rx.cond(
            state.alternatives,
            section("Where to send it instead", alternatives_list(state.alternatives)),
        ),
    )

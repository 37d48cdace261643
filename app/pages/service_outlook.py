"""Will my job move? A service's queue, what to expect of it, and where to send it instead."""

import reflex as rx

from app.components.frame import section
from app.components.outlook import alternatives_list, outlook_lines
from app.components.status import job_status
from app.domain.access import Actor
from app.domain.estimate_records import accuracy
from app.domain.estimates import expect
from app.domain.failure_drift import failure_drift
from app.domain.own_times import times_of_service
from app.domain.panels import list_panels
from app.domain.queue_pace import paces
from app.domain.touched_jobs import touched_jobs
from app.states.calls import call
from app.states.guard import guarded
from app.states.outages import Parts
from app.states.outlook import instead_of
from app.states.outlook_item import (
    AlternativeItem,
    OutlookLine,
    TouchedItem,
    accuracy_line,
    alternative_item,
    drift_lines,
    expected_lines,
    queue_line,
    touched_items,
    touched_text,
)
from app.states.route import route_argument
from models import db


class ServiceOutlookState(rx.State):
    """The outlook of the service in the URL."""

    lines: list[OutlookLine] = []
    failures: list[OutlookLine] = []
    touched: list[TouchedItem] = []
    touched_summary: str = ""
    alternatives: list[AlternativeItem] = []

    @guarded("service:read")
    async def load(self, actor: Actor) -> None:
        """Read the queue, what to expect, what fails, and which jobs and panels it concerns."""
        ref = route_argument(self, "service_ref")
        parts = Parts()
        with parts:
            await self._read_times(actor, ref)
        with parts:
            drift = await call(db.REGISTRY, failure_drift, actor=actor, service_ref=ref)
            self.failures = drift_lines(drift)
        with parts:
            await self._read_touched(actor, ref)
        with parts:
            panels = await call(db.REGISTRY, list_panels, actor=actor, service_ref=ref)
            found = await instead_of(actor, [panel.ref for panel in panels])
            self.alternatives = [alternative_item(one) for one in found]
        parts.settle()

    async def _read_times(self, actor: Actor, ref: str) -> None:
        known = await call(db.REGISTRY, paces, actor=actor, service_refs=[ref])
        pace = known.get(ref)
        self.lines = [queue_line(pace)]
        own = await call(db.JOBS, times_of_service, actor=actor, service_ref=ref)
        past = await call(db.JOBS, accuracy, actor=actor, service_ref=ref)
        self.lines = [queue_line(pace), *expected_lines(expect(pace, own)), accuracy_line(past)]

    async def _read_touched(self, actor: Actor, ref: str) -> None:
        if not actor.may("job:read"):
            self.touched, self.touched_summary = [], ""
            return
        touched = await call(db.JOBS, touched_jobs, actor=actor, service_ref=ref)
        self.touched = touched_items(touched)
        self.touched_summary = touched_text(touched.by_status)


def _job(item: rx.Var[TouchedItem]) -> rx.Component:
    return rx.el.li(
        rx.el.div(rx.link(item.title, href="/jobs/" + item.ref, size="2"), class_name="list-main"),
        job_status(item.status),
    )


def outlook_section() -> rx.Component:
    """Say whether a job would move there; `ServiceOutlookState.load` must run with the page."""
    state = ServiceOutlookState
    touched = section(
        "Jobs under way there",
        rx.text(state.touched_summary, size="2", class_name="muted"),
        rx.el.ul(rx.foreach(state.touched, _job), class_name="list"),
    )
    return rx.fragment(
        section("Will a job move?", outlook_lines(state.lines + state.failures)),
        rx.cond(state.touched, touched),
        rx.cond(
            state.alternatives,
            section("Where to send it instead", alternatives_list(state.alternatives)),
        ),
    )

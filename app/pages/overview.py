"""The first page: what needs me, what runs, how the services are."""

from typing import TypedDict

import reflex as rx

from app.components.frame import empty_state, link_button, page_header, section
from app.components.moment import moment
from app.components.status import job_status
from app.domain import datasets, job_queries
from app.domain.access import Actor
from app.pages.overview_needs import NeededTokensState, NeedVar, needs_of, needs_part
from app.pages.overview_services import OverviewServicesState, services_part
from app.pages.template import page
from app.states.calls import call
from app.states.guard import guarded
from app.states.outages import Parts
from models import db

RECENT = 6
ACTIVE = ("waiting", "queued", "submitting", "submitted", "running", "collecting", "cancelling")
# (title, icon, statuses): each tile links to the jobs that it counts
TILES = (
    ("Under way", "loader", ACTIVE),
    ("Completed", "circle-check", ("completed",)),
    ("Failed", "circle-x", ("failed", "lost")),
)


class TileVar(TypedDict):
    """A number that leads to the jobs behind it."""

    title: str
    count: int
    href: str


class RecentJobVar(TypedDict):
    """A job, as the overview shows it."""

    ref: str
    name: str
    panel: str
    status: str
    updated_at: str


Jobs = tuple[list[TileVar], list[RecentJobVar], list[NeedVar]]


class OverviewState(rx.State):
    """The overview. A part that cannot be read now is left out and said so."""

    tiles: list[TileVar] = []
    jobs: list[RecentJobVar] = []
    needs: list[NeedVar] = []
    # -1 while it is not known
    dataset_count: int = -1
    has_read_jobs: bool = False

    @guarded("")
    async def load(self, actor: Actor) -> None:
        """Read each part by itself, so that one that is missing leaves the others."""
        parts = Parts()
        with parts:
            if actor.may("job:read"):
                self.tiles, self.jobs, self.needs = await call(db.JOBS, _jobs, actor)
            self.has_read_jobs = True
        with parts:
            if actor.may("dataset:read"):
                found = await call(db.FILES, datasets.list_datasets, actor=actor, page_size=1)
                self.dataset_count = found.total
        parts.settle()


def _jobs(session: db.Session, actor: Actor) -> Jobs:
    counts = job_queries.count_by_status(session, actor=actor)
    rows = job_queries.list_jobs(session, actor=actor, size=RECENT).rows
    needs = needs_of(job_queries.needing_owner(session, actor=actor))
    tiles = [
        TileVar(
            title=title,
            count=sum(counts.get(status, 0) for status in statuses),
            href=f"/jobs?status={','.join(statuses)}",
        )
        for title, _, statuses in TILES
    ]
    recent = [
        RecentJobVar(
            ref=row.ref,
            name=row.name,
            panel=f"{row.panel_name} · {row.service_name}",
            status=row.status,
            updated_at=row.updated_at.isoformat(),
        )
        for row in rows
    ]
    return tiles, recent, needs


def _tile(tile: rx.Var[TileVar]) -> rx.Component:
    return rx.link(
        rx.el.span(tile["title"], class_name="tile-title"),
        rx.el.span(tile["count"], class_name="tile-count"),
        href=tile["href"],
        underline="none",
        color="inherit",
        class_name="tile",
    )


def _job_row(job: rx.Var[RecentJobVar]) -> rx.Component:
    return rx.el.li(
        rx.el.div(
            rx.link(job["name"], href=f"/jobs/{job['ref']}", weight="medium", size="2"),
            rx.text(job["panel"], size="1", color_scheme="gray"),
            class_name="list-main",
        ),
        rx.el.div(
            job_status(job["status"]),
            rx.text(moment(job["updated_at"]), size="1", color_scheme="gray", as_="span"),
            class_name="list-side",
        ),
    )


def _first_steps() -> rx.Component:
    upload = link_button("Upload genotypes", "/datasets", icon="upload")
    submit = link_button("Submit", "/submit", icon="send")
    return rx.match(
        OverviewState.dataset_count,
        (-1, rx.fragment()),
        (
            0,
            empty_state(
                "database",
                "Start with a dataset",
                "Upload phased genotypes once; then send them to any of the services, and follow "
                "every job here.",
                upload,
            ),
        ),
        empty_state(
            "send",
            "Nothing is submitted yet",
            "Pick a dataset and one or more panels; you see what goes where before it is sent.",
            submit,
        ),
    )


def _jobs_part() -> rx.Component:
    everything = rx.link("All jobs", href="/jobs", size="2")
    listed = section(
        "Latest jobs",
        rx.el.ul(rx.foreach(OverviewState.jobs, _job_row), class_name="list"),
        action=everything,
    )
    return rx.fragment(
        rx.cond(
            OverviewState.jobs.length() > 0,
            rx.fragment(
                rx.el.div(rx.foreach(OverviewState.tiles, _tile), class_name="tiles"), listed
            ),
            rx.cond(OverviewState.has_read_jobs, _first_steps()),
        )
    )


@page(
    "/",
    title="Overview",
    on_load=[OverviewState.load, NeededTokensState.load, OverviewServicesState.load],
    live=["jobs", "imputation_services", "datasets", "service_credentials"],
    reload={
        "jobs": OverviewState.load,
        "datasets": OverviewState.load,
        "imputation_services": OverviewServicesState.load,
        "service_credentials": NeededTokensState.load,
    },
    own="job:read:any",
)
def overview() -> rx.Component:
    """Show what needs attention, what runs, and how the services are."""
    return rx.fragment(
        page_header("Overview"),
        rx.el.div(
            rx.el.div(needs_part(OverviewState.needs), _jobs_part(), class_name="stack"),
            rx.cond(OverviewServicesState.has_read, services_part()),
            class_name="two-one",
        ),
    )

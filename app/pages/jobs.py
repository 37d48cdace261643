"""Jobs: found by text, status and service, sorted and paged; the address holds what is shown."""

from urllib.parse import urlencode

import reflex as rx

from app.components.frame import empty_state, link_button, page_header, pager, skeleton
from app.components.moment import moment
from app.components.status import JOB_STATUSES, job_status
from app.components.table import WIDE, sortable_column, table
from app.domain.access import Actor
from app.domain.job_queries import SORT_COLUMNS, JobFilter, list_jobs, services_of_jobs
from app.pages.template import page
from app.states.calls import call
from app.states.guard import guarded
from app.states.job_item import JobItem, job_item
from app.states.session import SessionState
from app.states.slot_item import slot_places
from models import db

ANY = "any"
DEFAULTS = {"q": "", "status": "", "service": "", "sort": "created", "order": "desc", "page": "1"}
# What one looks for at once: several statuses under one word.
GROUPS = {
    "active": (
        "Not ended",
        ("waiting", "queued", "submitting", "submitted", "running", "collecting", "cancelling"),
    ),
    "ended": ("Ended", ("completed", "failed", "cancelled", "lost")),
}
# (title, key of SORT_COLUMNS, shown on a phone)
COLUMNS = (
    ("Job", "name", True),
    ("Status", "status", True),
    ("Panel", "panel", False),
    ("Service", "service", False),
    ("Created", "created", True),
    ("Changed", "updated", False),
)


class JobsState(rx.State):
    """The page's rows and what they were looked for with."""

    jobs: list[JobItem] = []
    services: list[tuple[str, str]] = []
    text: str = ""
    status: str = ""
    service: str = ""
    sort: str = "created"
    order: str = "desc"
    number: int = 1
    pages: int = 1
    total: int = 0
    is_loaded: bool = False
    _has_waiting: bool = False

    @guarded("job:read")
    async def load(self, actor: Actor) -> None:
        """Read the page of jobs that the address asks for."""
        wish = self._wish()
        self.text, self.status, self.service = wish["q"], wish["status"], wish["service"]
        self.sort, self.order = wish["sort"], wish["order"]
        statuses = GROUPS[self.status][1] if self.status in GROUPS else (self.status,)
        found = await call(
            db.JOBS,
            list_jobs,
            actor=actor,
            wanted=JobFilter(
                text=self.text,
                statuses=[status for status in statuses if status],
                service_ref=self.service,
            ),
            sort=self.sort,
            descending=self.order == "desc",
            number=int(wish["page"]),
        )
        waiting = [row.ref for row in found.rows if row.waits_for]
        _, said = await slot_places(actor, waiting)
        self.jobs = [job_item(row, place=said.get(row.ref, "")) for row in found.rows]
        self._has_waiting = bool(waiting)
        self.number, self.pages, self.total = found.number, found.last_number, found.total
        self.services = await call(db.JOBS, services_of_jobs, actor=actor)
        self.is_loaded = True

    @guarded("job:read")
    async def load_places(self, actor: Actor) -> rx.event.EventSpec | None:
        """Read the page again where a job on it waits for a slot, and lines have moved."""
        return JobsState.load if self._has_waiting else None

    @guarded("job:read")
    async def find(self, actor: Actor, text: str) -> rx.event.EventSpec:
        """Look for words in names and ids."""
        return self._go(q=str(text)[:200])

    @guarded("job:read")
    async def choose_status(self, actor: Actor, status: str) -> rx.event.EventSpec:
        """Show the jobs of one status or group of statuses."""
        return self._go(status="" if status == ANY else str(status))

    @guarded("job:read")
    async def choose_service(self, actor: Actor, service: str) -> rx.event.EventSpec:
        """Show the jobs of one service."""
        return self._go(service="" if service == ANY else str(service)[:40])

    @guarded("job:read")
    async def sort_by(self, actor: Actor, column: str) -> rx.event.EventSpec:
        """Sort by a column, the other way round if it is sorted by it already."""
        is_again = column == self.sort
        first = "desc" if column in ("created", "updated") else "asc"
        other = "asc" if self.order == "desc" else "desc"
        return self._go(sort=str(column), order=other if is_again else first)

    @guarded("job:read")
    async def go(self, actor: Actor, number: int) -> rx.event.EventSpec:
        """Show another page."""
        return self._go(page=str(number))

    def _wish(self) -> dict[str, str]:
        """What the address asks for, each part made harmless."""
        query = self.router.url.query_parameters
        wish = {key: str(query.get(key, "") or default) for key, default in DEFAULTS.items()}
        if wish["status"] not in (*JOB_STATUSES, *GROUPS):
            wish["status"] = ""
        if wish["sort"] not in SORT_COLUMNS:
            wish["sort"] = DEFAULTS["sort"]
        if not wish["page"].isdecimal():
            wish["page"] = DEFAULTS["page"]
        return wish

    def _go(self, **changes: str) -> rx.event.EventSpec:
        """Go to the address of the same list with something changed, from its first page on."""
        wanted = self._wish() | {"page": "1"} | changes
        query = {key: value for key, value in wanted.items() if value != DEFAULTS[key]}
        return rx.redirect(
            f"/jobs?{urlencode(query)}" if query else "/jobs", replace="q" in changes
        )

    @rx.var
    def is_filtered(self) -> bool:
        """Whether a filter may be the reason for an empty page."""
        return bool(self.text or self.status or self.service)


def _filters() -> rx.Component:
    groups = [rx.select.item(title, value=key) for key, (title, _) in GROUPS.items()]
    single = [rx.select.item(facts[0], value=key) for key, facts in JOB_STATUSES.items()]
    return rx.el.div(
        rx.input(
            rx.input.slot(rx.icon("search", size=14, aria_hidden="true")),
            placeholder="Name, dataset, panel, id",
            default_value=JobsState.text,
            on_change=JobsState.find.debounce(350),
            aria_label="Search jobs",
            type="search",
            width="280px",
        ),
        rx.select.root(
            rx.select.trigger(aria_label="Status"),
            rx.select.content(
                rx.select.item("Any status", value=ANY), *groups, rx.select.separator(), *single
            ),
            value=rx.cond(JobsState.status, JobsState.status, ANY),
            on_change=JobsState.choose_status,
        ),
        rx.select.root(
            rx.select.trigger(aria_label="Service"),
            rx.select.content(
                rx.select.item("Any service", value=ANY),
                rx.foreach(JobsState.services, lambda pair: rx.select.item(pair[1], value=pair[0])),
            ),
            value=rx.cond(JobsState.service, JobsState.service, ANY),
            on_change=JobsState.choose_service,
        ),
        class_name="row",
    )


def _row(item: JobItem) -> rx.Component:
    sees_all = SessionState.permissions.contains("job:read:any")
    return rx.table.row(
        rx.table.row_header_cell(
            rx.link(item.name, href="/jobs/" + item.ref, weight="medium", high_contrast=True),
            rx.text(
                item.dataset,
                rx.cond(sees_all, " · " + item.owner, ""),
                size="1",
                class_name="muted",
            ),
        ),
        rx.table.cell(
            job_status(item.status),
            rx.cond(item.problem, rx.text(item.problem, size="1", class_name="muted row-problem")),
        ),
        rx.table.cell(item.panel, display=WIDE),
        rx.table.cell(
            item.service,
            rx.cond(item.remote_state, rx.text(item.remote_state, class_name="mono muted")),
            display=WIDE,
        ),
        rx.table.cell(moment(item.created_at)),
        rx.table.cell(moment(item.updated_at), display=WIDE),
        align="center",
    )


def _nothing() -> rx.Component:
    submit = link_button("Submit a dataset", "/submit")
    may_submit = SessionState.permissions.contains("job:submit")
    return rx.cond(
        JobsState.is_filtered,
        empty_state(
            "search-x",
            "No job matches",
            "Change the search or the filters.",
            rx.link("Show all jobs", href="/jobs"),
        ),
        empty_state(
            "list-checks",
            "No jobs yet",
            "A job is one dataset imputed with one panel. Submit a dataset to see it here.",
            rx.cond(may_submit, submit),
        ),
    )


def _list() -> rx.Component:
    columns = [
        sortable_column(
            title,
            key,
            sort=JobsState.sort,
            is_descending=JobsState.order == "desc",
            on_sort=JobsState.sort_by,
            is_wide=not is_narrow,
        )
        for title, key, is_narrow in COLUMNS
    ]
    listed = table("Jobs", columns, rx.foreach(JobsState.jobs, _row))
    return rx.fragment(
        listed, pager(JobsState.number, JobsState.pages, JobsState.total, go=JobsState.go)
    )


@page(
    "/jobs",
    title="Jobs",
    on_load=JobsState.load,
    live=["jobs", "job_slots"],
    reload={"jobs": None, "job_slots": JobsState.load_places},
    own="job:read:any",
)
def jobs() -> rx.Component:
    """Show the jobs that the address asks for."""
    may_submit = SessionState.permissions.contains("job:submit")
    submit = link_button("Submit", "/submit", icon="send")
    return rx.fragment(
        page_header("Jobs", rx.cond(may_submit, submit)),
        rx.cond(
            JobsState.is_loaded,
            rx.fragment(_filters(), rx.cond(JobsState.jobs, _list(), _nothing())),
            skeleton(),
        ),
    )

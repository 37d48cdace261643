"""Datasets: one's own sets of genotypes; find one, or make one and upload into it."""

import math
from typing import Any, TypedDict

import reflex as rx

from app.components.frame import empty_state, page_header, pager
from app.components.moment import moment
from app.components.new_dataset import new_dataset
from app.components.status import dataset_state
from app.components.table import WIDE, sortable_column, table
from app.domain import datasets, files
from app.domain.access import Actor
from app.domain.datasets import PAGE_SIZE, DatasetRow
from app.domain.uploads import words
from app.pages.template import page
from app.states.calls import call
from app.states.guard import guarded
from app.states.session import SessionState
from models import db

# (title, column of DatasetRow, whether it is left out on a narrow screen)
COLUMNS = (
    ("Name", "name", False),
    ("State", "state", False),
    ("Files", "file_count", True),
    ("Size", "size", True),
    ("Samples", "samples", True),
    ("Variants", "variants", True),
    ("Build", "build", True),
    ("Created", "created_at", False),
)


class DatasetVar(TypedDict):
    """A dataset, as the list shows it."""

    ref: str
    name: str
    state: str
    file_count: str
    size: str
    samples: str
    variants: str
    build: str
    created_at: str


class DatasetsState(rx.State):
    """The page of datasets."""

    rows: list[DatasetVar] = []
    total: int = 0
    page: int = 1
    pages: int = 1
    search: str = ""
    sort: str = "created_at"
    descending: bool = True
    room: str = ""
    results: str = ""
    room_percent: int = 0
    is_loaded: bool = False

    @guarded("dataset:read")
    async def load(self, actor: Actor) -> None:
        """Read the page of the list, and how much room is left."""
        await self._read(actor)

    @guarded("dataset:read", supersedes=True)
    async def find(self, actor: Actor, search: str) -> None:
        """Search names and descriptions."""
        self.search, self.page = str(search)[:200], 1
        await self._read(actor)

    @guarded("dataset:read")
    async def sort_by(self, actor: Actor, column: str) -> None:
        """Sort by a column; once more turns the order round."""
        known = str(column) if str(column) in DatasetVar.__annotations__ else "created_at"
        self.descending = not self.descending if known == self.sort else known != "name"
        self.sort, self.page = known, 1
        await self._read(actor)

    @guarded("dataset:read")
    async def go(self, actor: Actor, number: int) -> None:
        """Show another page of the list."""
        self.page = max(1, min(number, self.pages)) if isinstance(number, int) else 1
        await self._read(actor)

    @guarded("dataset:write")
    async def create(self, actor: Actor, form: dict[str, Any]) -> Any:
        """Make a dataset and go where its files are uploaded."""
        form = form if isinstance(form, dict) else {}
        name, description = (str(form.get(key, "")) for key in ("name", "description"))
        ref = await call(
            db.FILES,
            datasets.create_dataset,
            actor=actor,
            name=name,
            description=description[:2000],
        )
        return rx.redirect(f"/datasets/{ref}")

    async def _read(self, actor: Actor) -> None:
        found = await call(
            db.FILES,
            datasets.list_datasets,
            actor=actor,
            search=self.search,
            sort=self.sort,
            descending=self.descending,
            page=self.page,
        )
        room = await call(db.FILES, files.room, actor=actor)
        self.rows = [_shown(row) for row in found.rows]
        self.total = found.total
        self.pages = max(1, math.ceil(found.total / PAGE_SIZE))
        self.page = min(self.page, self.pages)
        self.room = f"{words(room.used + room.reserved)} of {words(room.limit)} used"
        self.results = f"Results of jobs take {words(room.results)} beside" if room.results else ""
        self.room_percent = min(100, round(100 * (room.used + room.reserved) / room.limit))
        self.is_loaded = True


def _shown(row: DatasetRow) -> DatasetVar:
    return DatasetVar(
        ref=row.ref,
        name=row.name,
        state=row.state,
        file_count=f"{row.file_count:,}",
        size=words(row.size) if row.size else "–",
        samples=f"{row.samples:,}" if row.samples else "–",
        variants=f"{row.variants:,}" if row.variants else "–",
        build=row.build or "–",
        created_at=row.created_at.isoformat(),
    )


def _row(row: rx.Var[DatasetVar]) -> rx.Component:
    return rx.table.row(
        rx.table.row_header_cell(
            rx.link(row["name"], href=f"/datasets/{row['ref']}"), min_width="140px"
        ),
        rx.table.cell(dataset_state(row["state"])),
        rx.table.cell(row["file_count"], display=WIDE),
        rx.table.cell(row["size"], white_space="nowrap", display=WIDE),
        rx.table.cell(row["samples"], display=WIDE),
        rx.table.cell(row["variants"], display=WIDE),
        rx.table.cell(row["build"], display=WIDE),
        rx.table.cell(moment(row["created_at"]), white_space="nowrap"),
        vertical_align="middle",
    )


def _table() -> rx.Component:
    columns = [
        sortable_column(
            title,
            key,
            sort=DatasetsState.sort,
            is_descending=DatasetsState.descending,
            on_sort=DatasetsState.sort_by,
            is_wide=is_wide,
        )
        for title, key, is_wide in COLUMNS
    ]
    return table("Datasets", columns, rx.foreach(DatasetsState.rows, _row))


def _quota() -> rx.Component:
    return rx.el.div(
        rx.el.span(DatasetsState.room, class_name="figures"),
        rx.progress(
            value=DatasetsState.room_percent,
            size="1",
            high_contrast=True,
            aria_label="Room used by your files",
        ),
        rx.cond(DatasetsState.results, rx.el.span(DatasetsState.results, class_name="figures")),
        class_name="quota",
    )


def _found() -> rx.Component:
    nothing = empty_state(
        "search-x", "Nothing found", "No dataset has this in its name or description."
    )
    return rx.cond(
        DatasetsState.rows,
        rx.fragment(
            _table(),
            pager(
                DatasetsState.page,
                DatasetsState.pages,
                DatasetsState.total,
                go=DatasetsState.go,
            ),
        ),
        nothing,
    )


def _search() -> rx.Component:
    return rx.el.div(
        rx.input(
            rx.input.slot(rx.icon("search", size=14, aria_hidden="true")),
            default_value=DatasetsState.search,
            placeholder="Search names and descriptions",
            on_change=DatasetsState.find.debounce(300),
            aria_label="Search datasets",
            width="min(320px, 100%)",
        ),
        _quota(),
        class_name="row",
        justify_content="space-between",
    )


@page(
    "/datasets", title="Datasets", on_load=DatasetsState.load, live="datasets", own="dataset:read"
)
def datasets_page() -> rx.Component:
    """Show the list, or how to begin."""
    may_write = SessionState.permissions.contains("dataset:write")
    begin = empty_state(
        "database",
        "No datasets yet",
        "A dataset holds the genotypes that you want imputed: phased VCF or BCF files. Upload "
        "once, and submit to as many services as you like.",
        rx.cond(
            may_write,
            new_dataset("Create your first dataset", on_submit=DatasetsState.create),
            rx.fragment(),
        ),
    )
    is_bare = (DatasetsState.total == 0) & (DatasetsState.search == "")
    return rx.fragment(
        page_header(
            "Datasets",
            rx.cond(
                may_write & ~is_bare,
                new_dataset("New dataset", on_submit=DatasetsState.create),
                rx.fragment(),
            ),
            subtitle="Your genotypes, uploaded once.",
        ),
        rx.cond(
            DatasetsState.is_loaded,
            rx.cond(is_bare, begin, rx.el.div(_search(), _found(), class_name="stack")),
        ),
    )

"""A job's results: what came back, how large, with which checksum, and where to get it."""

from typing import TypedDict

import reflex as rx

from app.components.status import badge
from app.components.table import WIDE, column, table
from app.domain.job_details import ResultRow
from app.domain.uploads import words

ROLES = {
    "imputed": "Imputed genotypes",
    "index": "Index",
    "quality": "Quality per variant",
    "statistics": "Statistics",
    "log": "Log",
    "other": "Other",
}


class ResultItem(TypedDict):
    """An output of the run in the table. `percent` is how much of it is here."""

    name: str
    role: str
    state: str
    size: str
    sha256: str
    sha256_begin: str
    href: str
    location: str
    percent: int
    problem: str


def result_item(row: ResultRow) -> ResultItem:
    """Make the texts of an output."""
    size = row.size
    return ResultItem(
        name=row.name,
        role=ROLES.get(row.role, ""),
        state=row.state,
        size="–" if size is None else words(size),
        sha256=row.sha256,
        sha256_begin=row.sha256[:12],
        href=f"/api/files/{row.file_ref}" if row.file_ref else "",
        location=row.location,
        percent=round(100 * row.fetched_bytes / size) if size else 0,
        problem=row.error_message,
    )


def _state(item: ResultItem) -> rx.Component:
    fetching = rx.box(
        rx.progress(value=item.percent, width="110px", aria_label="Fetched of " + item.name),
        rx.text(item.percent, " %", size="1", class_name="muted figures"),
    )
    return rx.match(
        item.state,
        ("fetched", badge("Stored and verified", "green", "circle-check")),
        ("damaged", badge("Damaged", "red", "file-x")),
        ("remote", badge("At the service", "amber", "server")),
        fetching,
    )


def _action(item: ResultItem) -> rx.Component:
    download = rx.el.a(
        rx.icon("download", size=14, aria_hidden="true"),
        "Download",
        href=item.href,
        download=True,
        # The browser's own way: the page's router knows nothing of files.
        reload_document=True,
        class_name="action-link",
        aria_label="Download " + item.name,
    )
    return rx.cond(item.href, download, rx.text(item.location, class_name="mono row-problem"))


def _checksum(item: ResultItem) -> rx.Component:
    copy = rx.icon_button(
        rx.icon("copy", size=12),
        on_click=rx.set_clipboard(item.sha256),
        size="1",
        variant="ghost",
        color_scheme="gray",
        high_contrast=True,
        aria_label="Copy the SHA-256 of " + item.name,
    )
    return rx.cond(
        item.sha256,
        rx.el.span(
            rx.el.span(item.sha256_begin, "…", title=item.sha256), copy, class_name="mono row"
        ),
        rx.el.span("–", class_name="muted"),
    )


def _row(item: ResultItem) -> rx.Component:
    return rx.table.row(
        rx.table.row_header_cell(
            item.name,
            rx.cond(item.role, rx.text(item.role, size="1", class_name="muted")),
            overflow_wrap="anywhere",
        ),
        rx.table.cell(
            _state(item),
            rx.cond(item.problem, rx.text(item.problem, size="1", class_name="muted row-problem")),
            display=WIDE,
        ),
        rx.table.cell(item.size, align="right", white_space="nowrap"),
        rx.table.cell(_checksum(item), display=WIDE),
        rx.table.cell(_action(item)),
        align="center",
    )


def results_table(results: rx.Var[list[ResultItem]]) -> rx.Component:
    """The table of the outputs."""
    columns = (
        "Result",
        column("State", is_wide=True),
        column("Size", align="right"),
        column("SHA-256", is_wide=True),
        "Get it",
    )
    return table("Results", columns, rx.foreach(results, _row), in_card=True)

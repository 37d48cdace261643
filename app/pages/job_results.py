"""A job's results: what came back, how large, with which checksum, and where to get it."""

from collections import defaultdict
from typing import TypedDict

import reflex as rx

from app.components.moment import moment
from app.components.status import badge
from app.components.table import WIDE, column, table
from app.domain.job_details import JobDetail, ResultRow
from app.domain.uploads import words
from app.states.service_item import iso

ROLES = {
    "imputed": "Imputed genotypes",
    "index": "Index",
    "quality": "Quality",
    "statistics": "Statistics",
    "log": "Log",
    "other": "Other",
}


class ResultItem(TypedDict):
    """An output of the run in the table. `percent` is how much of it is here.

    A member of an archive stands below it. `downloads` says how often the service still hands the
    output out.
    """

    name: str
    role: str
    is_member: bool
    state: str
    size: str
    sha256: str
    sha256_begin: str
    href: str
    location: str
    percent: int
    problem: str
    downloads: str
    deleted_at: str


def result_items(detail: JobDetail) -> list[ResultItem]:
    """Make the texts of a job's outputs, the members of an archive below it."""
    most = (detail.panel.get("limits") or {}).get("max_downloads")
    members: dict[int | None, list[ResultRow]] = defaultdict(list)
    for row in detail.results:
        members[row.archive_id].append(row)
    return [
        _item(one, most)
        for row in members[None]
        for one in (row, *sorted(members[row.id], key=lambda member: member.name))
    ]


def count_of(number: int) -> str:
    """So many files."""
    return "1 file" if number == 1 else f"{number:,} files"


def _item(row: ResultRow, most_downloads: int | None) -> ResultItem:
    size = row.size
    return ResultItem(
        name=row.name,
        role=ROLES.get(row.role, ""),
        is_member=row.archive_id is not None,
        state=row.state,
        size="–" if size is None else words(size),
        sha256=row.sha256,
        sha256_begin=row.sha256[:12],
        href=f"/api/files/{row.file_ref}" if row.file_ref else "",
        location="" if row.state in ("unpacked", "gone", "deleted") else row.location,
        percent=round(100 * row.fetched_bytes / size) if size else 0,
        problem=row.error_message,
        downloads=_downloads(row.downloads_left, most_downloads),
        deleted_at=iso(row.deleted_at),
    )


def _downloads(left: int | None, most: int | None) -> str:
    if left is None:
        return ""
    if most and left <= most:
        return f"{left} of {most} downloads left at the service"
    return f"{left} download{'' if left == 1 else 's'} left at the service"


def _state(item: ResultItem) -> rx.Component:
    fetching = rx.box(
        rx.progress(value=item.percent, width="110px", aria_label="Fetched of " + item.name),
        rx.text(item.percent, " %", size="1", class_name="muted figures"),
    )
    state = rx.match(
        item.state,
        ("fetched", badge("Stored and verified", "green", "circle-check")),
        ("unpacked", badge("Unpacked, see below", "green", "package-open")),
        ("damaged", badge("Damaged", "red", "file-x")),
        ("remote", badge("At the service", "amber", "server")),
        ("gone", badge("Deleted by the service", "red", "trash-2")),
        ("deleted", badge("Deleted here", "gray", "trash-2")),
        rx.cond(item.percent > 0, fetching, badge("Not fetched yet", "gray", "hourglass")),
    )
    return rx.fragment(
        state,
        rx.cond(item.deleted_at, rx.text(moment(item.deleted_at), size="1", class_name="muted")),
        rx.cond(item.downloads, rx.text(item.downloads, size="1", class_name="muted")),
        rx.cond(item.problem, rx.text(item.problem, size="1", class_name="muted row-problem")),
    )


def _action(item: ResultItem) -> rx.Component:
    download = rx.el.a(
        rx.icon("download", size=14, aria_hidden="true"),
        rx.el.span("Download", display=rx.breakpoints(initial="none", md="inline")),
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


def _name(item: ResultItem) -> rx.Component:
    return rx.el.div(
        item.name,
        rx.cond(item.role, rx.text(item.role, size="1", class_name="muted")),
        rx.el.div(_state(item), class_name="phone-only"),
        class_name=rx.cond(item.is_member, "archive-member", ""),
    )


def _row(item: ResultItem) -> rx.Component:
    return rx.table.row(
        rx.table.row_header_cell(_name(item), overflow_wrap="anywhere", min_width="140px"),
        rx.table.cell(_state(item), display=WIDE),
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

"""The files of a dataset, as its page shows them."""

from collections.abc import Sequence
from typing import Any, TypedDict

import reflex as rx

from app.components.confirm import confirm
from app.components.frame import empty_state, section
from app.components.moment import moment
from app.components.status import badge, file_state
from app.components.table import table
from app.domain.files import FileRow
from app.domain.uploads import UploadRow, words


class FileVar(TypedDict):
    """A file of a dataset."""

    ref: str
    name: str
    size: str
    sha256: str
    state: str
    problem: str
    samples: str
    variants: str
    chromosomes: str
    phasing: str
    phasing_note: str
    created_at: str


class UploadVar(TypedDict):
    """An upload that is not a file yet."""

    ref: str
    name: str
    size: str
    state: str
    problem: str
    created_at: str


def shown_files(rows: Sequence[FileRow]) -> list[FileVar]:
    """Say the facts of files in words."""
    return [_shown(row) for row in rows]


def _shown(row: FileRow) -> FileVar:
    known = row.facts
    least = "" if known.get("complete", True) else "at least "
    phased = {True: "phased", False: "unphased"}.get(known.get("phased"), "")  # type: ignore[arg-type]
    first = known.get("first_unphased", "")
    return FileVar(
        ref=row.ref,
        name=row.name,
        size=words(row.size),
        sha256=row.sha256,
        state=row.state,
        problem=row.error_message,
        samples=f"{known['samples']:,}" if "samples" in known else "–",
        variants=f"{least}{known['variants']:,}" if "variants" in known else "–",
        chromosomes=", ".join(known.get("chromosomes", [])) or "–",
        phasing=phased,
        phasing_note=f"first at {first}; services that impute phased genotypes refuse it"
        if first
        else "",
        created_at=row.created_at.isoformat(),
    )


def shown_uploads(rows: Sequence[UploadRow]) -> list[UploadVar]:
    """Say the uploads that are not files yet in words."""
    return [
        UploadVar(
            ref=row.ref,
            name=row.name,
            size=words(row.size),
            state=row.state,
            problem=row.error_message,
            created_at=row.created_at.isoformat(),
        )
        for row in rows
    ]


def _phasing(row: rx.Var[FileVar]) -> rx.Component:
    return rx.match(
        row["phasing"],
        ("phased", badge("Phased", "green", "git-branch")),
        (
            "unphased",
            rx.el.div(
                badge("Unphased", "amber", "git-fork"),
                rx.text(row["phasing_note"], size="1", class_name="muted row-problem"),
            ),
        ),
        rx.text("–"),
    )


def _actions(row: rx.Var[FileVar], is_mine: rx.Var[bool], on_delete: Any) -> rx.Component:
    quiet = {"size": "1", "variant": "surface", "color_scheme": "gray", "high_contrast": True}
    download = rx.link(
        rx.icon("download", size=14, aria_hidden="true"),
        rx.el.span(f"Download {row['name']}", class_name="visually-hidden"),
        href=f"/api/files/{row['ref']}",
        # The browser's own navigation: the page's router knows no such page.
        reload_document=True,
        download=row["name"],
        class_name="icon-link",
    )
    delete = confirm(
        rx.icon_button(rx.icon("trash-2", size=14), aria_label=f"Delete {row['name']}", **quiet),
        title="Delete this file?",
        text=rx.fragment(row["name"], " is removed within the hour. Results of jobs stay."),
        action="Delete the file",
        on_confirm=on_delete(row["ref"]),
    )
    return rx.el.div(download, rx.cond(is_mine, delete), class_name="row", flex_wrap="nowrap")


def _file_row(row: rx.Var[FileVar], is_mine: rx.Var[bool], on_delete: Any) -> rx.Component:
    return rx.table.row(
        rx.table.row_header_cell(
            rx.el.div(row["name"], class_name="file-name"),
            rx.el.div("SHA-256 ", row["sha256"], class_name="mono muted"),
            rx.cond(
                row["problem"], rx.el.div(row["problem"], class_name="field-problem row-problem")
            ),
        ),
        rx.table.cell(file_state(row["state"])),
        rx.table.cell(row["size"], white_space="nowrap"),
        rx.table.cell(row["samples"]),
        rx.table.cell(row["variants"]),
        rx.table.cell(row["chromosomes"]),
        rx.table.cell(_phasing(row)),
        rx.table.cell(_actions(row, is_mine, on_delete)),
        vertical_align="top",
    )


def _upload_row(row: rx.Var[UploadVar], is_mine: rx.Var[bool], on_dismiss: Any) -> rx.Component:
    dismiss = rx.button(
        "Dismiss",
        on_click=on_dismiss(row["ref"]),
        size="1",
        variant="surface",
        color_scheme="gray",
        high_contrast=True,
        aria_label=f"Dismiss {row['name']}",
    )
    return rx.table.row(
        rx.table.row_header_cell(
            rx.el.div(row["name"], class_name="file-name"),
            rx.cond(
                row["problem"],
                rx.el.div(row["problem"], class_name="field-problem row-problem"),
                rx.el.div("All bytes arrived ", moment(row["created_at"]), class_name="muted"),
            ),
        ),
        rx.table.cell(file_state(row["state"])),
        rx.table.cell(row["size"], white_space="nowrap"),
        *[rx.table.cell("–") for _ in range(4)],
        rx.table.cell(rx.cond(is_mine & (row["state"] == "failed"), dismiss)),
        vertical_align="top",
    )


def file_table(
    rows: rx.Var[list[FileVar]],
    uploads: rx.Var[list[UploadVar]],
    *,
    is_mine: rx.Var[bool],
    on_delete: Any,
    on_dismiss: Any,
) -> rx.Component:
    """The files with what reading them told, and the uploads that became none."""
    head = ("File", "State", "Size", "Samples", "Variants", "Chromosomes", "Phasing", "Actions")
    listed = table(
        "Files",
        head,
        rx.foreach(rows, lambda row: _file_row(row, is_mine, on_delete)),
        rx.foreach(uploads, lambda row: _upload_row(row, is_mine, on_dismiss)),
        in_card=True,
    )
    nothing = empty_state(
        "file-plus",
        "No files yet",
        "Add the genotypes above. Each file is read when it has arrived, and what it holds is "
        "shown here.",
    )
    return section("Files", rx.cond((rows.length() > 0) | (uploads.length() > 0), listed, nothing))

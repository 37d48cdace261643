"""One dataset: upload its files, see what reading them told, submit it, delete it."""

from typing import Any, TypedDict

import reflex as rx

from app.components.confirm import confirm
from app.components.frame import empty_state, fact, facts, field, link_button, page_header, section
from app.components.moment import moment
from app.components.status import dataset_state
from app.components.upload import genotype_upload
from app.config import settings
from app.domain import datasets, files, uploads
from app.domain.access import Actor
from app.domain.datasets import DatasetDetail
from app.domain.errors import NotFound
from app.domain.uploads import EXTENSIONS, words
from app.pages.dataset_files import FileVar, UploadVar, file_table, shown_files, shown_uploads
from app.pages.template import page
from app.states.calls import call
from app.states.guard import guarded
from app.states.route import route_argument
from app.states.session import SessionState
from models import db


class DatasetHead(TypedDict):
    """What the top of the page shows."""

    ref: str
    name: str
    description: str
    state: str
    size: str
    samples: str
    variants: str
    build: str
    created_at: str


NOTHING = DatasetHead(
    ref="",
    name="",
    description="",
    state="",
    size="",
    samples="",
    variants="",
    build="",
    created_at="",
)


class DatasetState(rx.State):
    """The page of one dataset."""

    head: DatasetHead = NOTHING
    files: list[FileVar] = []
    uploads: list[UploadVar] = []
    unfinished: list[UploadVar] = []
    is_mine: bool = False
    is_gone: bool = False

    @guarded("dataset:read")
    async def load(self, actor: Actor) -> None:
        """Read the dataset that the address names."""
        ref = route_argument(self, "dataset_ref")
        if ref != self.head["ref"]:
            self.head, self.files, self.uploads, self.unfinished = NOTHING, [], [], []
        try:
            found = await call(db.FILES, datasets.dataset_detail, actor=actor, dataset_ref=ref)
        except NotFound:
            self.is_gone = True
        else:
            self._show(found, actor)

    @guarded("dataset:write")
    async def rename(self, actor: Actor, form: dict[str, Any]) -> Any:
        """Give the dataset another name."""
        name = str(form.get("name", "")) if isinstance(form, dict) else ""
        ref = self.head["ref"]
        await call(db.FILES, datasets.rename_dataset, actor=actor, dataset_ref=ref, name=name)
        return DatasetState.load

    @guarded("dataset:write")
    async def delete(self, actor: Actor) -> Any:
        """Delete the dataset with its files."""
        ref = self.head["ref"]
        name = await call(db.FILES, datasets.delete_dataset, actor=actor, dataset_ref=ref)
        return [rx.toast.success(f"“{name}” is deleted."), rx.redirect("/datasets")]

    @guarded("dataset:write")
    async def delete_file(self, actor: Actor, file_ref: str) -> Any:
        """Delete one file."""
        await call(db.FILES, files.delete_file, actor=actor, file_ref=str(file_ref))
        return DatasetState.load

    @guarded("dataset:write")
    async def dismiss_upload(self, actor: Actor, upload_ref: str) -> Any:
        """Forget an upload that failed or that nobody goes on with."""
        await call(db.FILES, uploads.dismiss_upload, actor=actor, upload_ref=str(upload_ref))
        return DatasetState.load

    def _show(self, found: DatasetDetail, actor: Actor) -> None:
        row = found.row
        self.is_gone = False
        self.head = DatasetHead(
            ref=row.ref,
            name=row.name,
            description=found.description,
            state=row.state,
            size=words(row.size),
            samples=f"{row.samples:,}",
            variants=f"{row.variants:,}",
            build=row.build,
            created_at=row.created_at.isoformat(),
        )
        self.files = shown_files(found.files)
        coming = shown_uploads(found.uploads)
        self.uploads = [upload for upload in coming if upload["state"] != "receiving"]
        self.unfinished = [upload for upload in coming if upload["state"] == "receiving"]
        self.is_mine = found.owner_ref == actor.user_ref and actor.may("dataset:write")


def _rename_button() -> rx.Component:
    quiet = {"variant": "surface", "color_scheme": "gray", "high_contrast": True}
    return rx.dialog.root(
        rx.dialog.trigger(rx.button("Rename", **quiet)),
        rx.dialog.content(
            rx.dialog.title("Rename the dataset"),
            rx.dialog.description(
                "Jobs that were submitted keep their results.", size="2", margin_bottom="14px"
            ),
            rx.form(
                rx.el.div(
                    field(
                        "Name",
                        rx.input(
                            name="name",
                            default_value=DatasetState.head["name"],
                            required=True,
                            max_length=200,
                        ),
                    ),
                    rx.el.div(
                        rx.dialog.close(rx.button("Cancel", type="button", **quiet)),
                        rx.dialog.close(rx.button("Rename", type="submit")),
                        class_name="row",
                        justify_content="flex-end",
                    ),
                    class_name="stack",
                ),
                on_submit=DatasetState.rename,
            ),
            max_width="440px",
        ),
    )


def _delete_button() -> rx.Component:
    return confirm(
        rx.button("Delete", variant="surface", color_scheme="red", high_contrast=True),
        title="Delete this dataset?",
        text="Its files are removed within the hour. Jobs that have been sent go on and keep their "
        "results; jobs that still wait to be sent will fail.",
        action="Delete the dataset",
        on_confirm=DatasetState.delete,
    )


def _submit_button() -> rx.Component:
    return rx.cond(
        SessionState.permissions.contains("job:submit") & (DatasetState.head["state"] == "ready"),
        link_button("Submit", f"/submit?dataset={DatasetState.head['ref']}", icon="send"),
    )


def _facts() -> rx.Component:
    head = DatasetState.head
    return section(
        "At a glance",
        facts(
            fact("State", dataset_state(head["state"])),
            fact("Size", head["size"]),
            fact("Samples, in the largest file", head["samples"]),
            fact("Variants, in all files", head["variants"]),
            fact("Genome build", rx.cond(head["build"], head["build"], "not stated in the files")),
            fact("Created", moment(head["created_at"])),
        ),
        rx.cond(head["description"], rx.text(head["description"], size="2", margin_top="14px")),
    )


def _upload() -> rx.Component:
    return genotype_upload(
        DatasetState.head["ref"],
        accept=",".join((*EXTENSIONS, ".gz")),
        hint=f"{', '.join(EXTENSIONS)}, up to {words(settings().upload_max_bytes)} each. Choose "
        "several, or drop them here.",
        unfinished=DatasetState.unfinished,
        on_finished=DatasetState.load,
        on_give_up=DatasetState.dismiss_upload,
    )


def _content() -> rx.Component:
    return rx.fragment(
        page_header(
            DatasetState.head["name"],
            rx.cond(
                DatasetState.is_mine,
                rx.el.div(_rename_button(), _delete_button(), class_name="row"),
            ),
            _submit_button(),
        ),
        rx.cond(DatasetState.files, _facts()),
        rx.cond(DatasetState.is_mine, _upload()),
        file_table(
            DatasetState.files,
            DatasetState.uploads,
            is_mine=DatasetState.is_mine,
            on_delete=DatasetState.delete_file,
            on_dismiss=DatasetState.dismiss_upload,
        ),
    )


@page(
    "/datasets/[dataset_ref]",
    title="Dataset",
    on_load=DatasetState.load,
    live=("datasets", "dataset_ref"),
    own="dataset:read:any",
)
def dataset_page() -> rx.Component:
    """Show the dataset, or that there is none."""
    gone = empty_state(
        "database",
        "There is no such dataset",
        "It was deleted, or it is somebody else's.",
        rx.link("Go to your datasets", href="/datasets"),
        level=1,
    )
    return rx.cond(
        DatasetState.is_gone, gone, rx.cond(DatasetState.head["ref"], _content(), rx.fragment())
    )

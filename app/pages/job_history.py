"""A job's way so far: the stages at a glance, and every change with its time."""

from typing import TypedDict

import reflex as rx

from app.components.moment import exact_moment
from app.components.status import job_status
from app.domain.job_details import JobDetail, StatusChangeRow
from app.states.service_item import iso


class Stage(TypedDict):
    """A stage of a job. `state` is `done`, `here`, `ahead` or `stopped`."""

    title: str
    state: str


class ChangeItem(TypedDict):
    """A line of the history; `status` is empty where it did not change."""

    at: str
    status: str
    remote_state: str
    reason: str
    actor: str


STAGES = (
    ("Prepare", ("waiting",)),
    ("Send", ("queued", "submitting")),
    ("Wait there", ("submitted",)),
    ("Impute", ("running", "cancelling")),
    ("Collect results", ("collecting",)),
    ("Done", ("completed",)),
)
STOPPED = ("failed", "cancelled", "lost")
STAGE_WORDS = {"done": "done", "here": "now", "ahead": "to come", "stopped": "stopped here"}


def stages_of(detail: JobDetail) -> list[Stage]:
    """Where a job is on its way, or where its way stopped."""
    row, status = detail.row, detail.row.status
    is_stopped = status in STOPPED
    if is_stopped:
        passed = [one.to_status for one in detail.history if one.to_status not in STOPPED]
        status = passed[-1] if passed else "waiting"
        # A run that fails is collected for its logs only: it left nothing.
        if status == "collecting" and not detail.results:
            status = "running"
    here = next((place for place, (_, all_) in enumerate(STAGES) if status in all_), 0)
    stages = []
    for place, (title, _) in enumerate(STAGES):
        state = "done" if place < here or row.status == "completed" else "ahead"
        if place == here and row.status != "completed":
            state = "stopped" if is_stopped else "here"
        stages.append(Stage(title=title, state=state))
    return stages


def change_item(change: StatusChangeRow) -> ChangeItem:
    """Make the texts of a line of the history."""
    return ChangeItem(
        at=iso(change.at),
        status=change.to_status if change.to_status != change.from_status else "",
        remote_state=change.remote_state,
        reason=change.reason,
        actor=change.actor,
    )


def stages(items: rx.Var[list[Stage]]) -> rx.Component:
    """The stages in a row."""
    return rx.el.ol(rx.foreach(items, _stage), class_name="stages", aria_label="Stages of the job")


def _stage(stage: Stage) -> rx.Component:
    icon = rx.match(
        stage.state,
        ("done", rx.icon("circle-check", size=16, aria_hidden="true")),
        ("here", rx.icon("circle-dot", size=16, aria_hidden="true")),
        ("stopped", rx.icon("circle-x", size=16, aria_hidden="true")),
        rx.icon("circle", size=16, aria_hidden="true"),
    )
    word = rx.match(stage.state, *STAGE_WORDS.items(), "")
    return rx.el.li(
        icon,
        rx.el.span(stage.title),
        rx.el.span(word, class_name="visually-hidden"),
        class_name="stage stage-" + stage.state,
        custom_attrs={"aria-current": rx.cond(stage.state == "here", "step", "false")},
    )


def _change(item: ChangeItem) -> rx.Component:
    return rx.el.li(
        rx.el.span(exact_moment(item.at), class_name="change-time muted"),
        rx.el.span(
            rx.cond(item.status, job_status(item.status)),
            rx.text(item.reason, size="2", as_="span"),
            rx.cond(item.remote_state, rx.el.span(item.remote_state, class_name="mono muted")),
            rx.cond(
                item.actor != "worker",
                rx.text("by ", item.actor, size="1", as_="span", class_name="muted"),
            ),
            class_name="row",
        ),
        class_name="change",
    )


def history_list(items: rx.Var[list[ChangeItem]]) -> rx.Component:
    """Every change, the newest first."""
    return rx.el.ol(rx.foreach(items, _change), class_name="changes")

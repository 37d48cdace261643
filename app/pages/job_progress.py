"""A job inside its service: the stages by the service's own names, and what it said in each."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TypedDict

import reflex as rx

from app.components.frame import section
from app.components.moment import exact_moment
from app.components.status import badge
from app.connectors.run_stages import RunMessage, RunStage, Severity, StageState
from app.domain.job_details import JobDetail
from app.states.job_item import ENDED
from app.states.service_item import iso

# state: (word, Radix colour, icon); the last three are of jobs that have ended without results.
STATES = {
    "done": ("Done", "green", "circle-check"),
    "running": ("Running", "blue", "loader"),
    "ahead": ("To come", "gray", "circle"),
    "failed": ("Failed", "red", "circle-x"),
    "stopped": ("Stopped here", "orange", "circle-stop"),
    "unsure": ("Running when last seen", "gray", "circle-help"),
    "not_reached": ("Not reached", "gray", "circle-slash"),
}
SEVERITIES = {
    "ok": ("Message", "gray", "circle-check"),
    "running": ("In progress", "blue", "loader"),
    "warning": ("Warning", "amber", "triangle-alert"),
    "error": ("Error", "red", "circle-x"),
}
BARS = {"running": "blue", "failed": "red", "stopped": "orange", "unsure": "gray"}
SHOWN = 3
# From so many line breaks on, a message that is no error shows its first line only.
LONG = 4


class MessageItem(TypedDict):
    """Something that the service said; `rest` are the lines of a long message but its first."""

    severity: str
    text: str
    rest: str
    at: str


class StageItem(TypedDict):
    """A stage inside the service. `percent` is set where a bar is to be drawn, else it is -1.

    `messages` are those to read, `folded` the others, and `fold` says how many those are.
    """

    name: str
    state: str
    count: str
    percent: int
    messages: list[MessageItem]
    folded: list[MessageItem]
    fold: str


class JobProgressState(rx.State):
    """The stages of the job in the URL, and its place in the service's queue."""

    is_told: bool = False
    stages: list[StageItem] = []
    place: str = ""


def show_progress(state: JobProgressState, detail: JobDetail) -> None:
    """Show a job's stages as its service tells them, never against how the job ended.

    No method of the state, because the browser could call that.
    """
    status = detail.row.status
    stages = settled(detail.progress.stages, status)
    state.stages = [_stage_item(stage, shown, status) for stage, shown in stages]
    position = detail.progress.position
    is_waiting = status in ("submitted", "cancelling")
    state.place = f"{ordinal(position)} in the queue" if position and is_waiting else ""
    state.is_told = bool(state.stages or state.place)


def settled(stages: Sequence[RunStage], status: str) -> list[tuple[RunStage, str]]:
    """Each stage with the state to show (a key of `STATES`).

    What a service said last may be older than the end: a completed job has no stage to come or at
    work, a failed one none at work.
    """
    if status == "completed":
        return [
            (stage, "done" if stage.state is StageState.RUNNING else stage.state.value)
            for stage in stages
            if stage.state is not StageState.AHEAD
        ]
    if status not in ENDED:
        return [(stage, stage.state.value) for stage in stages]
    at_work = {"failed": "failed", "cancelled": "stopped", "lost": "unsure"}[status]
    if any(stage.state is StageState.FAILED for stage in stages):
        at_work = "stopped"
    words = {StageState.RUNNING: at_work, StageState.AHEAD: "not_reached"}
    return [(stage, words.get(stage.state, stage.state.value)) for stage in stages]


def ordinal(number: int) -> str:
    """1st, 2nd, 3rd, 4th, 11th, 21st."""
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number:,}{'th' if number % 100 in (11, 12, 13) else ending}"


def _stage_item(stage: RunStage, state: str, status: str) -> StageItem:
    if status == "completed" and stage.total is not None:
        stage = replace(stage, done=stage.total)
    messages = list(stage.messages)
    if status == "failed":
        # The errors first, and otherwise in the order in which they came.
        messages.sort(key=lambda message: message.severity is not Severity.ERROR)
        shown, folded = messages[:SHOWN], messages[SHOWN:]
    else:
        shown, folded = messages[-SHOWN:], messages[:-SHOWN]
    is_counted = stage.done is not None and stage.total
    return StageItem(
        name=stage.name,
        state=state,
        count=_count(stage) if is_counted else "",
        percent=_percent(stage) if is_counted and state in BARS else -1,
        messages=[_message_item(message) for message in shown],
        folded=[_message_item(message) for message in folded],
        fold=f"{len(folded)} more message{'' if len(folded) == 1 else 's'}",
    )


def _count(stage: RunStage) -> str:
    # Phasing and imputation work chunk by chunk; what other stages count is not told.
    name = stage.name.lower()
    parts = "chunks" if "phasing" in name or "imputation" in name else "parts"
    return f"{stage.done:,} of {stage.total:,} {parts}"


def _percent(stage: RunStage) -> int:
    assert stage.done is not None
    assert stage.total
    return max(0, min(100, int(100 * stage.done / stage.total)))


def _message_item(message: RunMessage) -> MessageItem:
    text, rest = message.text, ""
    if message.severity is not Severity.ERROR and text.count("\n") >= LONG:
        text, _, rest = text.partition("\n")
    return MessageItem(
        severity=message.severity.value, text=text, rest=rest.strip(), at=iso(message.at)
    )


def job_progress(service: rx.Var[str]) -> rx.Component:
    """The section, where the service tells of stages or of a place in its queue."""
    state = JobProgressState
    place = rx.el.p(
        rx.icon("list-ordered", size=16, aria_hidden="true"),
        rx.el.strong(state.place),
        " of ",
        service,
        class_name="row queue-place",
    )
    stages = rx.el.ol(
        rx.foreach(state.stages, _stage), class_name="run-stages", aria_label="Stages there"
    )
    return rx.cond(
        state.is_told,
        section(
            rx.fragment("At ", service), rx.cond(state.place, place), rx.cond(state.stages, stages)
        ),
    )


def _stage(stage: rx.Var[StageItem]) -> rx.Component:
    color = rx.match(stage.state, *BARS.items(), "gray")
    bar = rx.progress(
        value=stage.percent,
        color_scheme=color.to(str),
        high_contrast=True,
        aria_label=stage.name + ": " + stage.count,
        class_name="run-bar",
    )
    folded = rx.el.details(
        rx.el.summary(stage.fold, class_name="summary"),
        _messages(stage.folded),
    )
    return rx.el.li(
        rx.el.div(
            rx.el.span(stage.name, class_name="run-stage-name"),
            rx.match(
                stage.state,
                *[(key, badge(*facts)) for key, facts in STATES.items()],
                badge(stage.state, "gray", "circle-help"),
            ),
            rx.cond(stage.count, rx.text(stage.count, size="2", as_="span", class_name="figures")),
            class_name="row",
        ),
        rx.cond(stage.percent >= 0, bar),
        rx.cond(stage.messages, _messages(stage.messages)),
        rx.cond(stage.folded, folded),
        class_name="run-stage",
    )


def _messages(items: rx.Var[list[MessageItem]]) -> rx.Component:
    return rx.el.ul(rx.foreach(items, _message), class_name="run-messages")


def _message(item: rx.Var[MessageItem]) -> rx.Component:
    return rx.el.li(
        rx.match(
            item.severity,
            *[(key, badge(*facts)) for key, facts in SEVERITIES.items()],
            badge(item.severity, "gray", "circle-help"),
        ),
        rx.el.div(
            item.text,
            rx.cond(
                item.rest,
                rx.el.details(
                    rx.el.summary("All of it", class_name="summary"), rx.el.span(item.rest)
                ),
            ),
            class_name="run-text",
        ),
        rx.cond(item.at, rx.el.span(exact_moment(item.at), class_name="muted message-time")),
        class_name="run-message",
    )

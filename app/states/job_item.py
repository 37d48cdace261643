"""A job as pages show it: texts that are ready to read, and the one line that says how it is."""

from typing import Any, TypedDict

from app.domain.job_pauses import PAUSED
from app.domain.job_queries import JobRow
from app.domain.job_states import ANSWER_LOST
from app.states.service_item import iso


class JobItem(TypedDict):
    """A job in a table or at the head of its page. `problem` is what a person should know of it."""

    ref: str
    name: str
    owner: str
    dataset_ref: str
    dataset: str
    service_ref: str
    service: str
    panel: str
    status: str
    line: str
    problem: str
    is_held: bool
    has_ended: bool
    remote_id: str
    remote_state: str
    contact_at: str
    contact_note: str
    error_message: str
    cancel_note: str
    created_at: str
    updated_at: str
    submitted_at: str
    finished_at: str


LINES = {
    "waiting": "Waiting to be checked before it is sent.",
    "queued": "Ready, and waiting until {service} takes it.",
    "submitting": "Being sent to {service}.",
    "submitted": "{service} has taken it and will start it.",
    "running": "Running at {service}.",
    "collecting": "The run has ended at {service}; its results are being fetched.",
    "cancelling": "{service} is asked to stop it.",
    "completed": "Completed.",
    "failed": "Failed.",
    "cancelled": "Cancelled.",
    "lost": "Abandoned.",
}

WAITS_FOR_A_SLOT = "Ready, and waiting for a free slot at {service}."

WAITS_FOR_RESUMING = (
    "Ready. Administrators have paused new jobs at {service}: it is sent when they resume."
)

CANCEL_NOTES = {
    "": "The request to cancel is on its way to {service}.",
    "accepted": "{service} accepted the cancel. The run is watched until it really stops.",
    "confirmed": "The cancel is confirmed: nothing runs any more.",
    "ignored": "{service} ignored the cancel: the run goes on. You can ask again, or give it up.",
    "already_finished": "The cancel came too late: the run had finished.",
}

CANCEL_WAITS = (
    "The request to cancel waits, because {service} does not answer at the moment. It goes there "
    "as soon as contact is back."
)

IS_ASKED = "It is not known whether {service} took this run. Your answer is needed."

ENDED = ("completed", "failed", "cancelled", "lost")


def job_item(row: JobRow, *, place: str = "") -> JobItem:
    """Make the texts of a job; `place` says where it stands if it waits for a slot."""
    return JobItem(
        ref=row.ref,
        name=row.name,
        owner=row.owner_name,
        dataset_ref=row.dataset_ref,
        dataset=row.dataset_name,
        service_ref=row.service_ref,
        service=row.service_name,
        panel=row.panel_name,
        status=row.status,
        line=place or status_line(row),
        problem=_problem(row) or place,
        is_held=bool(row.held_reason),
        has_ended=row.status in ENDED,
        remote_id=row.remote_id,
        remote_state=row.remote_state,
        contact_at=iso(row.contact_at),
        contact_note=_contact_note(row),
        error_message=row.error_message,
        cancel_note=_cancel_note(row),
        created_at=iso(row.created_at),
        updated_at=iso(row.updated_at),
        submitted_at=iso(row.submitted_at),
        finished_at=iso(row.finished_at),
    )


def status_line(row: JobRow) -> str:
    """One plain sentence about where a job stands."""
    if row.held_reason:
        return _held(row)
    said = WAITS_FOR_A_SLOT if row.waits_for else LINES.get(row.status, row.status)
    if row.waits_for == PAUSED:
        said = WAITS_FOR_RESUMING
    line = said.format(service=row.service_name)
    if row.status in ENDED and row.status_reason:
        return f"{line} {_sentence(row.status_reason)}"
    return line


def value_text(value: Any) -> str:
    """A parameter's value to read: yes and no, and numbers without a needless `.0`."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    return str(value) or "–"


def _problem(row: JobRow) -> str:
    if row.held_reason:
        return _held(row)
    if row.status == "lost" and row.offered_at:
        return "Its run is complete after all: its results can be fetched."
    if row.stalled_at:
        return "It takes unusually long."
    if row.status == "failed":
        return " ".join(row.error_message.split())[:160]
    if row.status not in ENDED and row.contact_error:
        return row.contact_error
    return ""


def _held(row: JobRow) -> str:
    if row.held_reason == ANSWER_LOST:
        return IS_ASKED.format(service=row.service_name)
    return row.status_reason


def _contact_note(row: JobRow) -> str:
    if row.status in ENDED or row.held_reason or not row.contact_error:
        return ""
    if row.status in ("waiting", "queued"):
        return f"{_sentence(row.contact_error)} It is tried again soon."
    return f"{_sentence(row.contact_error)} The run may well go on; it is looked at again soon."


def _cancel_note(row: JobRow) -> str:
    if row.cancel_requested_at is None or row.held_reason == ANSWER_LOST:
        return ""
    if not row.cancel_outcome and row.contact_error:
        return CANCEL_WAITS.format(service=row.service_name)
    return CANCEL_NOTES.get(row.cancel_outcome, "").format(service=row.service_name)


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."

"""What can be done to anybody's job, as actions: each asks why, and the owner is told."""

from dataclasses import replace

from sqlmodel import Session, col

from app.domain import file_care, job_care, job_notes
from app.domain.access import Actor
from app.domain.dataset_limits import file_facts
from app.domain.datasets import dataset_detail
from app.domain.job_states import TERMINAL, JobStatus
from app.domain.jobs import CAN_CANCEL
from app.domain.panels import get_panel
from app.domain.service_access import access_of
from app.domain.submission_checks import ChosenDataset, terms_to_accept
from app.domain.terms_acceptances import accepted_by
from app.resources.base import Action, Field
from app.resources.choices import panels_in_use
from models import db
from models.jobs import Job

OWN_RELEASES = " ".join(
    f"“{hold.title}”: {hold.release}"
    for hold in {hold.title: hold for hold in job_care.HOLDS.values()}.values()
)


def cancel(session: Session, *, actor: Actor, ref: str, reason: str) -> str:
    """Cancel it."""
    row = job_care.cancel_for_owner(session, actor=actor, job_ref=ref, reason=reason)
    is_done = row.status == JobStatus.CANCELLED
    return "Cancelled." if is_done else f"{row.service_name} is asked to stop the run."


def release(session: Session, *, actor: Actor, ref: str, reason: str) -> str:
    """End what holds it."""
    row = job_care.release_hold(session, actor=actor, job_ref=ref, reason=reason)
    return row.status_reason


def look(session: Session, *, actor: Actor, ref: str, reason: str) -> str:
    """Have the worker see to it now."""
    job_care.look_now(session, actor=actor, job_ref=ref, reason=reason)
    return "The worker sees to it now."


def keep(session: Session, *, actor: Actor, ref: str, days: str, reason: str) -> str:
    """Keep its results longer."""
    with db.session(db.FILES) as files:
        until = file_care.keep_results(
            files, actor=actor, job_ref=ref, days=file_care.days_of(days), reason=reason
        )
    return f"Its results are kept {file_care.in_words(until)}."


def note(session: Session, *, actor: Actor, ref: str, text: str, for_owner: str) -> str:
    """Write a note on it."""
    job_notes.add_note(session, actor=actor, job_ref=ref, text=text, is_internal=not for_owner)
    return "Noted, and told to the owner." if for_owner else "Noted, for administrators only."


def resubmit(session: Session, *, actor: Actor, ref: str, panel: str, reason: str) -> str:
    """Submit its dataset to another panel, as its owner's."""
    job = job_notes.find_job(session, ref)
    with db.session(db.FILES) as files:
        detail = dataset_detail(files, actor=actor, dataset_ref=job.dataset_ref)
    with db.session(db.REGISTRY) as registry:
        chosen = get_panel(registry, actor=actor, panel_ref=panel)
    asked = [one.ref for one in terms_to_accept([chosen], ())]
    with db.session(db.USERS) as users:
        accepted = accepted_by(users, user_ref=job.owner_ref, terms_refs=asked)
        access = access_of(users, actor=replace(actor, user_ref=job.owner_ref))
    facts = tuple(file_facts(row) for row in detail.files)
    made = job_care.submit_elsewhere(
        session,
        actor=actor,
        job_ref=ref,
        dataset=ChosenDataset(detail.row.ref, detail.row.name, len(facts), facts),
        panel=chosen,
        accepted_terms=accepted,
        access=access,
        reason=reason,
    )
    return f"Submitted to {made.panel_name} at {made.service_name}, for {made.owner_name}."


ACTIONS = (
    Action(
        "cancel",
        "Cancel the job",
        "job:cancel:any",
        run=cancel,
        icon="ban",
        asks_reason=True,
        text="The service is asked to stop the run; what it has computed so far is lost. The "
        "owner is told, with your reason.",
        is_red=True,
        when=col(Job.status).in_(CAN_CANCEL)
        & (col(Job.cancel_requested_at).is_(None) | (col(Job.cancel_outcome) != "")),
    ),
    Action(
        "resubmit",
        "Resubmit elsewhere",
        job_notes.MANAGE,
        run=resubmit,
        icon="send",
        fields=(
            Field(
                "panel",
                "Panel",
                control="choice",
                required=True,
                choices=panels_in_use,
                hint="What this panel does not know of the job's parameters is left out.",
            ),
        ),
        asks_reason=True,
        text="A new submission of the same dataset is made. It belongs to the same owner, who is "
        "told, and must have accepted the terms there. This job stays as it is.",
        when=col(Job.status) != JobStatus.COMPLETED,
    ),
    Action(
        "keep",
        "Keep the results longer",
        job_notes.MANAGE,
        run=keep,
        icon="calendar-plus",
        fields=(
            Field(
                "days",
                "Days from now",
                control="number",
                hint="Leave it empty to keep them until the owner deletes them.",
            ),
        ),
        asks_reason=True,
        text="Results that are kept for longer already stay as they are. The owner is told.",
        when=col(Job.status).in_((*TERMINAL, JobStatus.COLLECTING)),
    ),
    Action(
        "release",
        "Release the hold",
        job_notes.MANAGE,
        run=release,
        icon="lock-open",
        asks_reason=True,
        text="The job is tried again now. If what held it still stands against it, it is held "
        f"again, and the owner is told again. {OWN_RELEASES}",
        when=col(Job.held_reason).in_(job_care.HOLDS),
    ),
    Action(
        "look",
        "Look again now",
        job_notes.MANAGE,
        run=look,
        icon="refresh-cw",
        asks_reason=True,
        text="The worker sees to the job at once instead of when it is due next. A service that "
        "does not answer is left alone until its own next try all the same.",
        when=col(Job.status).not_in(TERMINAL),
    ),
    Action(
        "note",
        "Add a note",
        job_notes.MANAGE,
        run=note,
        icon="notebook-pen",
        fields=(
            Field("text", "Note", control="text", required=True),
            Field(
                "for_owner",
                "Show it to the owner",
                control="tick",
                hint="Else only who may see everybody's jobs reads it.",
            ),
        ),
    ),
)

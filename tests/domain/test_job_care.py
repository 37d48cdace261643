"""What an administrator does to a job on its owner's behalf is explained, told and audited."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import col, select

from app.domain import file_care, job_care, job_notes
from app.domain.access import Actor
from app.domain.errors import Conflict, Invalid, NotAllowed, NotFound, Refused
from app.domain.job_details import job_detail
from app.domain.job_notes import NoteRow
from app.domain.terms import Terms
from models import db
from models.base import now
from models.files import StoredContent, StoredFile
from models.jobs import Job, JobQueueEntry
from models.notifications import Notification
from models.platform import AuditEntry
from tests.support.submitting import DATASET, actor, panel, submit_one
from workers import outbox

pytestmark = pytest.mark.usefixtures("databases")

ADA, BEN = actor("Ada"), actor("Ben")
ADMIN, AUDITOR = actor("Root", "administrator"), actor("Aud", "auditor")
ELSEWHERE = panel("Elsewhere", service_ref="s2", service_name="KEMRI")


def do(act: Callable[..., Any], ref: str, *, who: Actor = ADMIN, **given: Any) -> Any:
    with db.session(db.JOBS) as session:
        return act(session, actor=who, job_ref=ref, **given)


def elsewhere(ref: str, *, to: Any = ELSEWHERE, accepted: tuple[str, ...] = ()) -> Any:
    return do(
        job_care.submit_elsewhere,
        ref,
        dataset=DATASET,
        panel=to,
        accepted_terms=accepted,
        access={},
        reason="the first one is down",
    )


def put(ref: str, **columns: object) -> str:
    with db.session(db.JOBS) as session:
        job = session.exec(select(Job).where(Job.ref == ref)).one()
        for name, value in columns.items():
            setattr(job, name, value)
        entry = session.get(JobQueueEntry, job.id)
        assert entry is not None
        entry.next_action_at = now() + timedelta(hours=1)
        session.add_all([job, entry])
    return ref


def seconds_until_due(ref: str) -> float:
    with db.session(db.JOBS) as session:
        due = session.exec(
            select(JobQueueEntry.next_action_at)
            .join(Job, col(Job.id) == JobQueueEntry.job_id)
            .where(Job.ref == ref)
        ).one()
    return (due - now()).total_seconds()


def notes(ref: str, who: Actor = ADA) -> list[NoteRow]:
    return do(job_notes.notes_of, ref, who=who)


def told() -> list[tuple[str, str, str]]:
    """Whom the relay told what: (whom, title, body). What files tell goes by the jobs."""
    for _ in range(2):
        asyncio.run(outbox.relay())
    with db.session(db.NOTIFICATIONS) as session:
        rows = session.exec(select(Notification).order_by(col(Notification.id)))
        return [(row.user_ref, row.title, row.body) for row in rows]


def audited(action: str) -> AuditEntry:
    asyncio.run(outbox.relay())
    with db.session(db.PLATFORM) as session:
        entry = session.exec(select(AuditEntry).where(AuditEntry.action == action)).one()
        session.expunge(entry)
        return entry


def last_entry(ref: str) -> tuple[str, str]:
    with db.session(db.JOBS) as session:
        entry = job_detail(session, actor=ADA, job_ref=ref).history[-1]
        return entry.reason, entry.actor


def stored_result(job_ref: str) -> str:
    with db.session(db.FILES) as session:
        session.add(StoredContent(sha256="5" * 64, size=7))
        session.flush()
        file = StoredFile(
            owner_ref="ada",
            kind="result",
            name="chr20.vcf.gz",
            sha256="5" * 64,
            size=7,
            job_ref=job_ref,
            kept_until=now() + timedelta(days=5),
        )
        session.add(file)
        return file.ref


def test_a_cancel_on_behalf_is_told_to_the_owner_with_its_reason() -> None:
    ref = submit_one()
    assert do(job_care.cancel_for_owner, ref, reason="wrong cohort").status == "cancelled"
    assert last_entry(ref) == ("Cancelled, on behalf of Ada. wrong cohort", "Root")
    assert told() == [
        (
            "ada",
            "Cancelled by Root: Run on ILIFU",
            "Cancelled, on your behalf. Why: wrong cohort",
        )
    ]
    (act,) = notes(ref)
    assert (act.act, act.reason, act.author_name) == ("cancel", "wrong cohort", "Root")
    entry = audited("job.cancel_on_behalf")
    assert (entry.reason, entry.actor_name) == ("wrong cohort", "Root")
    assert (entry.before or {})["status"] == "waiting"
    assert (entry.after or {})["status"] == "cancelled"


@pytest.mark.parametrize("who", [ADA, BEN, AUDITOR])
def test_nobody_else_acts_on_behalf(who: Actor) -> None:
    ref = put(submit_one(), held_reason="credential")
    for act in (job_care.cancel_for_owner, job_care.release_hold, job_care.look_now):
        with pytest.raises(NotAllowed):
            do(act, ref, who=who, reason="please")
    with pytest.raises(NotAllowed):
        do(job_notes.add_note, ref, who=who, text="x", is_internal=True)
    with db.session(db.FILES) as session, pytest.raises(NotAllowed):
        file_care.keep_results(session, actor=who, job_ref=ref, days=1, reason="please")
    with db.session(db.FILES) as session, pytest.raises(NotAllowed):
        file_care.delete_any_file(session, actor=who, file_ref="f", reason="please")


def test_nothing_is_done_without_a_reason() -> None:
    ref = submit_one()
    with pytest.raises(Invalid, match="Say why"):
        do(job_care.cancel_for_owner, ref, reason="  ")
    assert notes(ref) == []


@pytest.mark.parametrize("held_reason", job_care.HOLDS)
def test_a_released_hold_is_tried_again_at_once(held_reason: str) -> None:
    ref = put(submit_one(), status="running", held_reason=held_reason)
    row = do(job_care.release_hold, ref, reason="the token is renewed")
    assert (row.held_reason, seconds_until_due(ref) < 1) == ("", True)
    assert row.waits_for == ("restart" if held_reason == "interrupted" else "")
    with pytest.raises(Conflict, match="not held"):
        do(job_care.release_hold, ref, reason="again")


@pytest.mark.parametrize("held_reason", job_care.OWNERS_HOLDS)
def test_what_only_the_owner_can_decide_is_not_released(held_reason: str) -> None:
    ref = put(submit_one(), status="submitting", held_reason=held_reason)
    with pytest.raises(Refused):
        do(job_care.release_hold, ref, reason="hurry")


def test_a_job_is_looked_at_at_once() -> None:
    ref = put(submit_one(), status="running")
    assert seconds_until_due(ref) > 60
    do(job_care.look_now, ref, reason="the service is back")
    assert seconds_until_due(ref) < 1


def test_a_job_is_submitted_elsewhere_as_the_owners_own() -> None:
    ref = put(submit_one(), status="failed", parameters={"window": 7, "phasing": "old"})
    made = elsewhere(ref)
    assert (made.owner_ref, made.owner_name, made.service_name) == ("ada", "Ada", "KEMRI")
    with db.session(db.JOBS) as session:
        detail = job_detail(session, actor=ADA, job_ref=made.ref)
    assert dict(detail.parameters) == {"window": 7}, "what the panel does not know is left out"
    assert detail.first is not None
    assert detail.first.ref == ref
    assert last_entry(ref)[0].startswith("Submitted again, to Elsewhere at KEMRI, on behalf of Ada")
    assert (audited("job.resubmit_on_behalf").after or {})["job"] == made.ref
    with pytest.raises(Conflict, match="that goes on"):
        elsewhere(ref)
    with pytest.raises(Conflict, match="Choose another one"):
        elsewhere(ref, to=panel())


def test_nobody_accepts_terms_for_somebody_else() -> None:
    ref = put(submit_one(), status="failed")
    terms = Terms(
        ref="t1",
        service_ref="s2",
        service_name="KEMRI",
        panel_ref="",
        panel_name="",
        version=1,
        text="Be nice.",
        url="",
        created_at=now(),
        created_by_name="Root",
    )
    asking = type(ELSEWHERE)(ELSEWHERE.row, ELSEWHERE.recipe, (terms,))
    with pytest.raises(Refused, match="Ask the owner"):
        elsewhere(ref, to=asking)
    assert elsewhere(ref, to=asking, accepted=("t1",)).owner_ref == "ada"


def test_an_internal_note_is_hidden_from_the_owner() -> None:
    ref = submit_one()
    do(job_notes.add_note, ref, text="smells of a bad array", is_internal=True)
    do(job_notes.add_note, ref, text="Please check the build.", is_internal=False)
    assert [note.text for note in notes(ref)] == ["Please check the build."]
    assert len(notes(ref, ADMIN)) == len(notes(ref, AUDITOR)) == 2
    assert [body for _, _, body in told()] == ["Root: Please check the build."]
    with pytest.raises(NotFound):
        notes(ref, BEN)
    with pytest.raises(Invalid):
        do(job_notes.add_note, ref, text="  ", is_internal=True)


def test_results_kept_longer_are_told_to_the_job_once_and_never_end_sooner() -> None:
    ref = submit_one()
    stored_result(ref)
    with db.session(db.FILES) as session:
        file_care.keep_results(session, actor=ADMIN, job_ref=ref, days=100, reason="on leave")
        until = file_care.keep_results(
            session, actor=ADMIN, job_ref=ref, days=1, reason="not shorter"
        )
    assert until is not None
    assert until > now() + timedelta(days=99)
    assert len(told()) == len(told()) == 2
    day = f"{until:%Y-%m-%d}"
    assert [note.text for note in notes(ref)] == [f"Results kept until {day}"] * 2


def test_a_deleted_result_is_gone_and_its_owner_knows_why() -> None:
    ref = submit_one()
    file_ref = stored_result(ref)
    with db.session(db.FILES) as session:
        file_care.delete_any_file(session, actor=ADMIN, file_ref=file_ref, reason="withdrawn")
    assert [title for _, title, _ in told()] == ["Result deleted by Root: Run on ILIFU"]
    assert audited("file.delete_on_behalf").reason == "withdrawn"
    with db.session(db.FILES) as session, pytest.raises(NotFound):
        file_care.keep_file(session, actor=ADMIN, file_ref=file_ref, days=9, reason="too late")

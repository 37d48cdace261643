"""What was done to many objects at once: how far it is, and a report with a row per object.

A run belongs to the person who began it. Its report is in the database and not with the page, so
that it can be read in another tab, and after the web process was started anew.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, insert
from sqlmodel import Session, col, func, select

from app.domain import audit
from app.domain.access import Actor
from app.domain.errors import NotFound, NotSignedIn
from app.domain.outbox import audit_entry
from app.domain.paging import Page, page_bounds
from models import db
from models.base import new_ref, now
from models.platform import BulkOutcome, BulkRun

TABLE = "bulk_runs"

RUNNING, FINISHED, CANCELLED, STOPPED = "running", "finished", "cancelled", "stopped"
# It says something at least so often; longer than any statement may take.
CUT_OFF_AFTER = timedelta(minutes=2)
# So many of a person's runs are kept.
KEPT_RUNS = 20
LONGEST_SAID = 1000
BATCH = 1000


@dataclass(frozen=True)
class Outcome:
    """What a run did to one object, or why it did not."""

    place: int
    target_ref: str
    label: str
    is_done: bool
    said: str


@dataclass(frozen=True)
class RunRow:
    """A run and how far it is; `problem` says why it stopped before its end."""

    ref: str
    resource: str
    action: str
    title: str
    total: int
    done: int
    failed: int
    status: str
    problem: str
    is_cancelled: bool
    started_at: datetime


def begin_run(
    session: Session,
    *,
    actor: Actor,
    resource: str,
    action: str,
    title: str,
    total: int,
    reason: str = "",
    query: Mapping[str, str] | None = None,
) -> str:
    """Note that an action begins on many objects; return the run's ref.

    `query` is what the list was narrowed by, where all that matched were chosen.
    """
    _require_person(actor)
    run = BulkRun(
        owner_ref=actor.user_ref, resource=resource, action=action, title=title, total=total
    )
    session.add(run)
    session.flush()
    _forget_old_ones(session, actor)
    chosen: dict[str, Any] = {"action": action, "objects": total}
    entry = audit_entry(
        actor=actor,
        action="bulk:begin",
        target_type="list",
        target_ref=resource,
        target_name=title,
        reason=reason,
        after=chosen if query is None else {**chosen, "matching": dict(query)},
    )
    # The log is in this very database, so it needs no outbox.
    audit.receive(session, event_ref=new_ref(), payload=entry)
    _announce(session, run)
    return run.ref


def note_outcomes(session: Session, *, actor: Actor, ref: str, outcomes: Sequence[Outcome]) -> bool:
    """Add to a run's report; return whether its owner wants it to go on."""
    run = _own(session, actor, ref)
    if outcomes:
        rows = [{"run_id": run.id, **one.__dict__, **_bounded(one)} for one in outcomes]
        session.execute(insert(BulkOutcome), rows)
    done = sum(one.is_done for one in outcomes)
    run.done += done
    run.failed += len(outcomes) - done
    run.updated_at = now()
    _announce(session, run)
    return not run.is_cancelled


def end_run(session: Session, *, actor: Actor, ref: str, problem: str = "") -> None:
    """Note that a run is over; `problem` says why it stopped before its end."""
    run = _own(session, actor, ref)
    is_whole = run.done + run.failed >= run.total
    run.status = FINISHED if is_whole else STOPPED if problem else CANCELLED
    run.problem = problem
    run.updated_at = now()
    _announce(session, run)


def cancel_run(session: Session, *, actor: Actor, ref: str) -> None:
    """Let one of the actor's runs end after the object that it is at."""
    run = _own(session, actor, ref)
    run.is_cancelled = True
    _announce(session, run)


def run_of(session: Session, *, actor: Actor, ref: str) -> RunRow:
    """One of the actor's runs."""
    return _row(_own(session, actor, ref, to_change=False))


def runs_of(session: Session, *, actor: Actor, resource: str, limit: int = 1) -> Sequence[RunRow]:
    """The actor's runs on a list, the latest first."""
    _require_person(actor)
    rows = session.exec(
        select(BulkRun)
        .where(BulkRun.owner_ref == actor.user_ref, BulkRun.resource == resource)
        .order_by(col(BulkRun.id).desc())
        .limit(limit)
    )
    return [_row(row) for row in rows]


def list_outcomes(
    session: Session, *, actor: Actor, ref: str, number: int = 1, size: int = 10
) -> Page[Outcome]:
    """A page of a run's report: first what was not done, then what was."""
    run = _own(session, actor, ref, to_change=False)
    number, size = page_bounds(number, size)
    counted = select(func.count()).select_from(BulkOutcome).where(BulkOutcome.run_id == run.id)
    total = session.exec(counted).one()
    number = min(number, max(1, -(-total // size)))
    rows = session.exec(
        select(BulkOutcome)
        .where(BulkOutcome.run_id == run.id)
        .order_by(col(BulkOutcome.is_done), col(BulkOutcome.place))
        .offset((number - 1) * size)
        .limit(size)
    )
    return Page([_outcome(row) for row in rows], total, number, size)


def every_outcome(session: Session, *, actor: Actor, ref: str) -> Iterator[Sequence[Outcome]]:
    """A run's whole report in the order in which it went, some rows at a time."""
    run = _own(session, actor, ref, to_change=False)
    found = select(BulkOutcome).where(BulkOutcome.run_id == run.id).order_by(col(BulkOutcome.place))
    streamed = session.exec(found.execution_options(yield_per=BATCH))
    for rows in streamed.partitions():
        yield [_outcome(row) for row in rows]


def _require_person(actor: Actor) -> None:
    if not actor.user_ref:
        raise NotSignedIn


def _own(session: Session, actor: Actor, ref: str, *, to_change: bool = True) -> BulkRun:
    _require_person(actor)
    found = select(BulkRun).where(BulkRun.ref == ref, BulkRun.owner_ref == actor.user_ref)
    run = session.exec(found.with_for_update() if to_change else found).first()
    if run is None:
        raise NotFound("report")
    return run


def _forget_old_ones(session: Session, actor: Actor) -> None:
    own = select(BulkRun.id).where(BulkRun.owner_ref == actor.user_ref)
    old = own.order_by(col(BulkRun.id).desc()).offset(KEPT_RUNS)
    session.execute(delete(BulkRun).where(col(BulkRun.id).in_(old)))


def _bounded(one: Outcome) -> dict[str, str]:
    return {
        "target_ref": one.target_ref[:80],
        "label": one.label[:300],
        "said": one.said[:LONGEST_SAID],
    }


def _announce(session: Session, run: BulkRun) -> None:
    session.flush()
    db.announce(session, TABLE, run.ref, owner_ref=run.owner_ref)


def _row(run: BulkRun) -> RunRow:
    is_cut_off = run.status == RUNNING and run.updated_at < now() - CUT_OFF_AFTER
    return RunRow(
        ref=run.ref,
        resource=run.resource,
        action=run.action,
        title=run.title,
        total=run.total,
        done=run.done,
        failed=run.failed,
        status=STOPPED if is_cut_off else run.status,
        problem="The platform was stopped meanwhile." if is_cut_off else run.problem,
        is_cancelled=run.is_cancelled,
        started_at=run.started_at,
    )


def _outcome(row: BulkOutcome) -> Outcome:
    return Outcome(row.place, row.target_ref, row.label, row.is_done, row.said)

"""Doing an action to many objects, one after the other, each in a transaction of its own.

What cannot be done to one does not keep it from the others. The report has a row per object.
"""

import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from time import monotonic

import structlog
from sqlmodel import Session

from app.domain.access import Actor
from app.domain.bulk_runs import Outcome, begin_run, end_run, note_outcomes
from app.domain.errors import Invalid, PlatformError, Refused
from app.domain.unavailable import what_cannot_be_done
from app.resources.acting import act
from app.resources.base import Action, Resource
from app.resources.listing import refs_matching
from app.resources.wish import Wish
from models import db
from models.base import new_ref
from models.threads import call

log = structlog.get_logger(__name__)

# More than this at once is more than anybody reads of a report.
MOST = 10_000
# Ticked one by one, or by pages.
MOST_TICKED = 500
# The report is written, and whoever began it is asked for again, this often.
NOTED_SECONDS = 0.5
NOTED_ROWS = 200


@dataclass(frozen=True)
class Bulk:
    """An action on many objects that has begun: `targets` are their refs and labels."""

    ref: str
    actor: Actor
    resource: Resource
    action: Action
    values: Mapping[str, str]
    targets: Sequence[tuple[str, str]]


async def begin(
    *,
    actor: Actor,
    resource: Resource,
    action: Action,
    values: Mapping[str, str],
    refs: Sequence[str] = (),
    wish: Wish | None = None,
) -> Bulk:
    """Find what an action is to be done to: these objects, or all that match `wish`.

    Raises `Refused` where they are too many, or the action is none for many at once.
    """
    if not action.is_bulk or action.run is None or action.reveals:
        raise Refused(f"“{action.title}” is done to one {resource.one} at a time.")
    actor = replace(actor, correlation_ref=actor.correlation_ref or new_ref())
    targets = await call(resource.database, _targets, actor, resource, refs, wish)
    ref = await call(
        db.PLATFORM,
        begin_run,
        actor=actor,
        resource=resource.name,
        action=action.name,
        title=action.title,
        total=len(targets),
        reason=values.get("reason", ""),
        query=None if wish is None else replace(wish, number=1).query(resource),
    )
    return Bulk(ref, actor, resource, action, values, targets)


async def carry_out(bulk: Bulk, *, still: Callable[[], Awaitable[Actor]]) -> None:
    """Do it to each object until the end, or until its owner cancels it.

    `still` returns who does it, and raises where they may do nothing any more; a database that goes
    away ends it too. Either way the report says so.
    """
    actor, outcomes, noted_at = bulk.actor, list[Outcome](), monotonic()
    try:
        for place, (ref, label) in enumerate(bulk.targets, start=1):
            outcomes.append(await _outcome(bulk, actor, place, ref, label))
            if len(outcomes) < NOTED_ROWS and monotonic() - noted_at < NOTED_SECONDS:
                continue
            goes_on = await _note(bulk, outcomes)
            outcomes, noted_at = [], monotonic()
            if not goes_on:
                break
            actor = replace(await still(), correlation_ref=bulk.actor.correlation_ref)
        await _note(bulk, outcomes)
        await _end(bulk)
    except db.UNAVAILABLE as error:
        await _stop(bulk, outcomes, f"{what_cannot_be_done(error)}.")
        raise
    except PlatformError as error:
        await _stop(bulk, [], error.message)
        raise


async def _outcome(bulk: Bulk, actor: Actor, place: int, ref: str, label: str) -> Outcome:
    try:
        said = await call(
            bulk.resource.database,
            act,
            actor=actor,
            resource=bulk.resource,
            action=bulk.action,
            ref=ref,
            values=bulk.values,
        )
    except PlatformError as error:
        return Outcome(place, ref, label, is_done=False, said=error.message)
    except db.UNAVAILABLE:
        raise
    except Exception as error:
        reference = secrets.token_hex(3)
        log.error("an action failed", reference=reference, action=bulk.action.name, exc_info=error)
        said = f"Something went wrong on our side. An administrator finds it by {reference}."
        return Outcome(place, ref, label, is_done=False, said=said)
    return Outcome(place, ref, label, is_done=True, said=said)


async def _note(bulk: Bulk, outcomes: Sequence[Outcome]) -> bool:
    return await call(db.PLATFORM, note_outcomes, actor=bulk.actor, ref=bulk.ref, outcomes=outcomes)


async def _end(bulk: Bulk, problem: str = "") -> None:
    await call(db.PLATFORM, end_run, actor=bulk.actor, ref=bulk.ref, problem=problem)


async def _stop(bulk: Bulk, outcomes: Sequence[Outcome], problem: str) -> None:
    try:
        await _note(bulk, outcomes)
        await _end(bulk, problem)
    except db.UNAVAILABLE:
        log.warning("a report could not be ended", run=bulk.ref)


def _targets(
    session: Session, actor: Actor, resource: Resource, refs: Sequence[str], wish: Wish | None
) -> list[tuple[str, str]]:
    if wish is None and len(refs) > MOST_TICKED:
        raise Refused(f"At most {MOST_TICKED:,} can be ticked. Choose all that match instead.")
    among = None if wish is not None else resource.ref.in_(refs)
    found = refs_matching(
        session,
        actor=actor,
        resource=resource,
        wish=wish or Wish(),
        limit=MOST + 1,
        among=among,
    )
    if len(found) > MOST:
        raise Refused(f"More than {MOST:,} match. Narrow the list first.")
    if not found:
        raise Invalid(f"There is no such {resource.one} any more.")
    return found

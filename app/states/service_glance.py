"""A service at a glance, as the pages that list services show it: texts and a bar of days."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypedDict

from app.components.status import HEALTH_STATES
from app.domain import glance
from app.domain.access import Actor
from app.domain.board import BoardRow, board
from app.domain.day_bars import BarPart, bar_parts, bar_words, percent
from app.domain.estimates import wait_by_queue
from app.domain.glance import Glance
from app.domain.health import Health
from app.domain.queue_pace import Pace, kept_paces
from app.states.service_item import iso, milliseconds
from app.states.shared_reads import shared
from models import db

DAYS = 90
CHANGED_BY = frozenset({"imputation_services"})
# Bars, percentiles and trends move slowly, and are read again no sooner.
HISTORY_SECONDS = 30.0


class ServiceGlance(TypedDict):
    """One service in a list. `health` is `paused` where it is not probed."""

    ref: str
    name: str
    place: str
    is_simulation: bool
    is_active: bool
    is_flapping: bool
    is_silenced: bool
    health: str
    since: str
    pending: str
    problem: str
    uptime: str
    bar: list[BarPart]
    bar_words: str
    p50: str
    p95: str
    queue: str
    wait: str
    trend: str
    next_probe_at: str
    interval: float
    panels: int


@dataclass(frozen=True)
class Listed:
    """What all tabs share: a service as it is shown, and what it can be found and sorted by."""

    row: BoardRow
    item: ServiceGlance


async def all_services(actor: Actor) -> Sequence[Listed]:
    """Every service in use, in the order of their names: read once for all tabs that ask."""
    rows = await shared(db.REGISTRY, board, actor=actor, tables=CHANGED_BY)
    refs = tuple(row.ref for row in rows)
    seen = await _history(actor, refs)
    queues = await shared(
        db.REGISTRY, kept_paces, actor=actor, tables=frozenset(), seconds=HISTORY_SECONDS
    )
    return _LATEST.of(rows, seen, queues)


async def glance_of(actor: Actor, service_ref: str) -> Glance | None:
    """The bars of one service, as the list shows them."""
    rows = await shared(db.REGISTRY, board, actor=actor, tables=CHANGED_BY)
    return (await _history(actor, tuple(row.ref for row in rows))).get(service_ref)


async def _history(actor: Actor, refs: tuple[str, ...]) -> dict[str, Glance]:
    return await shared(
        db.REGISTRY,
        glance.glances,
        actor=actor,
        tables=frozenset(),
        seconds=HISTORY_SECONDS,
        days=DAYS,
        service_refs=refs,
    )


class _Latest:
    """The items of the latest read; those of services that did not change stay the same objects."""

    def __init__(self) -> None:
        self._made_of: tuple[object, object, object] = (None, None, None)
        self._listed: Sequence[Listed] = ()

    def of(
        self, rows: Sequence[BoardRow], seen: dict[str, Glance], queues: dict[str, Pace]
    ) -> Sequence[Listed]:
        made_of = (rows, seen, queues)
        if any(new is not old for new, old in zip(made_of, self._made_of, strict=True)):
            before = {listed.row.ref: listed.item for listed in self._listed}
            made = [
                Listed(row, service_glance(row, seen.get(row.ref), queues.get(row.ref)))
                for row in rows
            ]
            self._listed = tuple(
                Listed(one.row, before[one.row.ref]) if before.get(one.row.ref) == one.item else one
                for one in made
            )
            self._made_of = made_of
        return self._listed


_LATEST = _Latest()


def service_glance(row: BoardRow, seen: Glance | None, pace: Pace | None = None) -> ServiceGlance:
    """Make what a list shows of a service."""
    wait = wait_by_queue(pace).range if pace and row.queued else None
    bars = seen.bars if seen else ()
    return ServiceGlance(
        ref=row.ref,
        name=row.name,
        place=" · ".join(part for part in (row.location, row.country) if part),
        is_simulation=row.is_simulation,
        is_active=row.is_active,
        is_flapping=row.is_flapping,
        is_silenced=row.is_silenced,
        health=row.health if row.is_active else "paused",
        since=iso(row.since),
        pending=pending_text(row),
        problem=row.problem,
        uptime=percent(seen.uptime if seen else None),
        bar=bar_parts(bars),
        bar_words=bar_words(seen, days=DAYS),
        p50=milliseconds(seen.p50_ms if seen else None),
        p95=milliseconds(seen.p95_ms if seen else None),
        queue="–" if row.queued is None else str(row.queued),
        wait=str(wait) if wait else "",
        trend=seen.queue_trend if seen and row.queued is not None else "",
        next_probe_at=iso(row.next_probe_at),
        interval=row.interval_seconds,
        panels=row.panels,
    )


def pending_text(row: BoardRow) -> str:
    """What waits to be confirmed: “2 of 3 checks failed”."""
    if row.pending is None:
        return ""
    counted = f"{row.streak} of {row.confirmations} checks"
    if row.pending is Health.DOWN:
        return f"{counted} failed"
    return f"{counted} found it {HEALTH_STATES[row.pending][0].lower()}"

"""A service at a glance, as the pages that list services show it: texts and a bar of days."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import is_not
from typing import TypedDict

from app.components.status import HEALTH_STATES
from app.domain.access import Actor
from app.domain.board import BoardRow, board
from app.domain.day_bars import BarPart, bar_parts, bar_words, percent
from app.domain.estimates import wait_by_queue
from app.domain.glance import Glance, glances
from app.domain.health import Health
from app.domain.queue_pace import kept_paces
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
    trend: str
    wait: str
    next_probe_at: str
    interval: float
    panels: int


@dataclass(frozen=True)
class Past:
    """How a service was, in texts; `seen` is what they were made of."""

    seen: Glance
    uptime: str
    bar: list[BarPart]
    bar_words: str
    p50: str
    p95: str


@dataclass(frozen=True)
class Listed:
    """What all tabs share: a service as it is shown, and what it can be found and sorted by."""

    row: BoardRow
    item: ServiceGlance


async def all_services(actor: Actor) -> Sequence[Listed]:
    """Every service in use, in the order of their names: read once for all tabs that ask."""
    rows = await shared(db.REGISTRY, board, actor=actor, tables=CHANGED_BY)
    pasts = await _pasts(actor, rows)
    waits = await shared(
        db.REGISTRY, _waits, actor=actor, tables=CHANGED_BY, seconds=HISTORY_SECONDS
    )
    return _LATEST.of(rows, pasts, waits)


async def glance_of(actor: Actor, service_ref: str) -> Glance | None:
    """The bars of one service, as the list shows them."""
    rows = await shared(db.REGISTRY, board, actor=actor, tables=CHANGED_BY)
    past = (await _pasts(actor, rows)).get(service_ref)
    return past.seen if past else None


async def _pasts(actor: Actor, rows: Sequence[BoardRow]) -> dict[str, Past]:
    return await shared(
        db.REGISTRY,
        _read_pasts,
        actor=actor,
        tables=frozenset(),
        seconds=HISTORY_SECONDS,
        service_refs=tuple(row.ref for row in rows),
    )


def _read_pasts(
    session: db.Session, *, actor: Actor, service_refs: tuple[str, ...]
) -> dict[str, Past]:
    found = glances(session, actor=actor, days=DAYS, service_refs=service_refs)
    return {ref: _past(seen) for ref, seen in found.items()}


def _past(seen: Glance) -> Past:
    return Past(
        seen=seen,
        uptime=percent(seen.uptime),
        bar=bar_parts(seen.bars),
        bar_words=bar_words(seen, days=DAYS),
        p50=milliseconds(seen.p50_ms),
        p95=milliseconds(seen.p95_ms),
    )


def _waits(session: db.Session, *, actor: Actor) -> dict[str, str]:
    """How long one more run would wait in a service's queue, where anybody can tell."""
    paces = kept_paces(session, actor=actor)
    expected = {ref: wait_by_queue(pace).range for ref, pace in paces.items()}
    return {ref: str(wait) for ref, wait in expected.items() if wait}


class _Latest:
    """The items of the latest read; those of services that did not change stay the same objects."""

    def __init__(self) -> None:
        self._made_of: tuple[object, ...] = ()
        self._listed: Sequence[Listed] = ()

    def of(
        self, rows: Sequence[BoardRow], pasts: Mapping[str, Past], waits: Mapping[str, str]
    ) -> Sequence[Listed]:
        parts = (rows, pasts, waits)
        if len(self._made_of) != len(parts) or any(map(is_not, parts, self._made_of)):
            before = {one.row.ref: one.item for one in self._listed}
            self._listed = tuple(
                Listed(row, _same_or_new(before.get(row.ref), service_glance(row, past, wait)))
                for row in rows
                for past, wait in [(pasts.get(row.ref), waits.get(row.ref, ""))]
            )
            self._made_of = parts
        return self._listed


_LATEST = _Latest()


def _same_or_new(before: ServiceGlance | None, item: ServiceGlance) -> ServiceGlance:
    return before if before is not None and before == item else item


def service_glance(row: BoardRow, past: Past | None, wait: str) -> ServiceGlance:
    """Make what a list shows of a service."""
    is_counted = past is not None and row.queued is not None
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
        uptime=past.uptime if past else "–",
        bar=past.bar if past else [],
        bar_words=past.bar_words if past else bar_words(None, days=DAYS),
        p50=past.p50 if past else "–",
        p95=past.p95 if past else "–",
        queue="–" if row.queued is None else str(row.queued),
        trend=past.seen.queue_trend if past and is_counted else "",
        wait=wait if row.queued else "",
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

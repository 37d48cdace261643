"""Relaying every outbox; a database that is away is tried again later and later, up to 30 s."""

import asyncio
from collections.abc import Callable
from time import monotonic

import structlog

from app.domain.relay import SOURCES, TARGETS, prune, relay_topic
from models import db

LONGEST_PAUSE = 30.0

log = structlog.get_logger(__name__)

# (source, topic): when it may be tried again, and how long it paused before
_pauses: dict[tuple[str, str], tuple[float, float]] = {}


async def relay() -> None:
    """Deliver what is due from every database to every target."""
    for source in SOURCES:
        for topic in TARGETS:
            await asyncio.to_thread(_relay, source, topic)


async def clear() -> None:
    """Delete what was delivered long ago."""
    for source in SOURCES:
        await asyncio.to_thread(prune, source)


def _relay(source: str, topic: str) -> None:
    resumes_at, pause = _pauses.get((source, topic), (0.0, 0.0))
    if monotonic() < resumes_at:
        return
    try:
        _drain(lambda: relay_topic(source, topic))
    except db.UNAVAILABLE as error:
        if not pause:
            log.warning(
                "outbox waits for a database",
                source=source,
                target=TARGETS[topic][0],
                error=type(error).__name__,
            )
        pause = min(max(1.0, pause * 2), LONGEST_PAUSE)
        _pauses[source, topic] = (monotonic() + pause, pause)
        return
    if _pauses.pop((source, topic), None):
        log.info("outbox goes on", source=source, target=TARGETS[topic][0])


def _drain(deliver: Callable[[], int]) -> None:
    while deliver():
        pass

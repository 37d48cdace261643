"""Relaying every outbox; a database that is away is tried again later and later, up to 5 s."""

import asyncio
from collections.abc import Callable
from functools import partial
from time import monotonic

import structlog

from app.domain.relay import SOURCES, TARGETS, prune, relay_topic, waiting_topics
from models import db
from models.away import cause_of, is_known, refuse_if_away
from models.threads import run

LONGEST_PAUSE = 5.0

log = structlog.get_logger(__name__)

# (source, topic): when it may be tried again, and how long it paused before
_pauses: dict[tuple[str, str], tuple[float, float]] = {}


async def relay() -> None:
    """Deliver what is due from every database to every target; none waits for another."""
    await asyncio.gather(*map(_relay_all, SOURCES))


async def clear() -> None:
    """Delete what was delivered long ago."""
    for source in SOURCES:
        await run(source, partial(prune, source))


async def _relay_all(source: str) -> None:
    try:
        waiting = await run(source, partial(waiting_topics, source))
    except db.UNAVAILABLE as error:
        if not is_known(error):
            log.warning("an outbox cannot be read", source=source, error=cause_of(error))
        return
    for topic in TARGETS:
        if topic in waiting:
            await _relay(source, topic)


async def _relay(source: str, topic: str) -> None:
    resumes_at, pause = _pauses.get((source, topic), (0.0, 0.0))
    if monotonic() < resumes_at:
        return
    try:
        # The target first: where it is known to be away, the source is left in peace.
        refuse_if_away(TARGETS[topic][0])
        await run(source, partial(_drain, partial(relay_topic, source, topic)))
    except db.UNAVAILABLE as error:
        if not pause and not is_known(error):
            log.warning(
                "outbox waits for a database",
                source=source,
                target=TARGETS[topic][0],
                error=cause_of(error),
            )
        pause = min(max(1.0, pause * 2), LONGEST_PAUSE)
        _pauses[source, topic] = (monotonic() + pause, pause)
        return
    _pauses.pop((source, topic), None)


def _drain(deliver: Callable[[], int]) -> None:
    while deliver():
        pass

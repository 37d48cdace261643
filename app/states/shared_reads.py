"""One read for all tabs of a process that show the same thing.

rows = await shared(db.REGISTRY, board, actor=actor, tables=frozenset({"imputation_services"}))

What is shared is read on behalf of nobody: the actor of the read has the permissions that are
named and nothing else, so it cannot hold what belongs to a person. A read is kept until one of its
tables changes, and for a few seconds at most, because time changes what is shown as well. Where
changes are not heard, nothing is kept.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from time import monotonic
from typing import Any, TypeVar

from app.domain.access import Actor
from app.states.hub import hub
from models.threads import call

T = TypeVar("T")

KEPT_SECONDS = 10.0
MOST_READS = 64


@dataclass(frozen=True)
class Read:
    """A read that has begun, and the state of its tables at that time."""

    version: tuple[int, ...]
    began_at: float
    answer: "asyncio.Task[Any]"

    def is_current(self, version: tuple[int, ...], seconds: float) -> bool:
        """Tell whether the same would be read now."""
        is_sound = not self.answer.done() or (
            not self.answer.cancelled() and self.answer.exception() is None
        )
        return is_sound and self.version == version and monotonic() - self.began_at < seconds


_reads: OrderedDict[Hashable, Read] = OrderedDict()


async def shared(
    database: str,
    function: Callable[..., T],
    *,
    actor: Actor,
    tables: frozenset[str],
    permissions: frozenset[str] = frozenset({"service:read"}),
    seconds: float = KEPT_SECONDS,
    **named: Hashable,
) -> T:
    """Return what `function(session, actor=…, **named)` reads, one read at a time for all.

    `permissions` are those on which its answer depends. It must be the same for all who have them.
    """
    nobody = Actor("", "", "", actor.permissions & permissions)
    version = hub.version(database, tables)
    if version is None:
        return await call(database, function, actor=nobody, **named)
    key = (function, nobody.permissions, *sorted(named.items()))
    read = _reads.get(key)
    if read is None or not read.is_current(version, seconds):
        answer = asyncio.create_task(call(database, function, actor=nobody, **named))
        read = Read(version, monotonic(), answer)
        _reads[key] = read
        while len(_reads) > MOST_READS:
            _reads.popitem(last=False)
    _reads.move_to_end(key)
    # Who leaves meanwhile takes nothing away from the others.
    answer_of_all: T = await asyncio.shield(read.answer)
    return answer_of_all

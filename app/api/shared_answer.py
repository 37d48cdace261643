"""One read for all visitors: however many look, the database is asked once in some seconds."""

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Generic, TypeVar

T = TypeVar("T")


class SharedAnswer(Generic[T]):
    """What `read` returned, or raised, in the last `seconds`; one read at a time."""

    def __init__(self, read: Callable[[], Awaitable[T]], *, seconds: float) -> None:
        self._read = read
        self._seconds = seconds
        self._answer: asyncio.Future[T] | None = None
        self._due_at = 0.0

    async def get(self) -> T:
        """Return the answer of all, reading it anew where it is too old."""
        if self._answer is None or (self._answer.done() and monotonic() >= self._due_at):
            self._answer = asyncio.ensure_future(self._fresh())
        # A visitor who leaves meanwhile takes nothing away from the others.
        return await asyncio.shield(self._answer)

    async def _fresh(self) -> T:
        try:
            return await self._read()
        finally:
            self._due_at = monotonic() + self._seconds

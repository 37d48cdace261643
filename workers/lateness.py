"""How much time this process's event loop loses, so that it is not blamed on a service.

A machine that is busy with something else, or a thousand answers at once, make every latency longer
that is measured here. What a service takes is judged without it.
"""

import asyncio
from collections.abc import Callable
from time import monotonic

TICK_SECONDS = 0.05
# A sleep always ends a little late.
USUAL_SECONDS = 0.005


class Lateness:
    """How late the loop came to the ticks of a clock, summed up while `watch` runs."""

    def __init__(self) -> None:
        self._lost = 0.0
        self._next_tick = float("inf")

    @property
    def seconds(self) -> float:
        """The time lost so far, that of a tick which is overdue included."""
        overdue = monotonic() - self._next_tick
        return self._lost + (overdue if overdue > USUAL_SECONDS else 0.0)

    async def watch(self, is_needed: Callable[[], object]) -> None:
        """Measure as long as it is needed."""
        while is_needed():
            self._next_tick = monotonic() + TICK_SECONDS
            await asyncio.sleep(TICK_SECONDS)
            self._lost = self.seconds
        self._next_tick = float("inf")

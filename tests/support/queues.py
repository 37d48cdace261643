"""A service's queue, simulated run by run."""

import heapq
import random
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass

DAY = 86400.0
PROBE = 300.0


@dataclass(frozen=True)
class Watched:
    """A queue as its probes of a day saw it, and how long a run waits that is sent at their end.

    `probes`: the runs that waited, ran and had finished at each, `PROBE` seconds apart.
    """

    probes: list[tuple[int, int, int]]
    wait: float


def watched(rng: random.Random, draw: Callable[[], float], *, slots: int, backlog: int) -> Watched:
    """Runs that take `draw()` each on so many slots, `backlog` of them from the beginning."""
    gap = draw_mean(draw) / slots
    arrivals = [*[0.0] * backlog, *_poisson(rng, gap)]
    free = [0.0] * slots
    starts, ends = [], []
    for at in arrivals:
        start = max(at, heapq.heappop(free))
        end = start + draw()
        heapq.heappush(free, end)
        starts.append(start)
        ends.append(end)
    # First come, first served: the runs start in the order in which they came.
    ended, last = sorted(ends), int(DAY / PROBE)
    probes = []
    for place in range(last + 1):
        at = place * PROBE
        came, begun, done = (bisect_right(times, at) for times in (arrivals, starts, ended))
        probes.append((came - begun, begun - done, done))
    # The run that is sent then starts when a slot is free that no earlier run takes.
    slots_free: list[float] = [0.0] * slots
    for at, end in zip(arrivals, ends, strict=True):
        if at <= DAY:
            heapq.heapreplace(slots_free, end)
    return Watched(probes, max(0.0, min(slots_free) - DAY))


def draw_mean(draw: Callable[[], float]) -> float:
    """About how long a run takes."""
    return sum(draw() for _ in range(400)) / 400


def _poisson(rng: random.Random, gap: float) -> Iterator[float]:
    at = 0.0
    while True:
        at += rng.expovariate(1 / gap)
        if at > DAY:
            return
        yield at

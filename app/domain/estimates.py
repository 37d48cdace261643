"""How long a job will wait at a service and be under way, with a range, or why nobody can say.

The wait comes from the queue (Little's law): a job sent now starts when the runs before it and one
more have left, and they leave at the pace at which runs finished there in the last day while others
waited. With `n` finished runs seen in `T` seconds and `k` to go, the time is `T * G(k) / G(n)`;
G(i) is the sum of i exponential times, so that the range covers both the luck of the queue and how
little is known of the pace. Where a service reports no queue, the waits of our own last jobs there
stand in. Turnaround is that wait and the time that our own runs took, or, without a queue, what our
own jobs took in all.

Every range is meant to hold for eight in ten jobs: from the 10th to the 90th of a hundred.
`app.domain.estimate_records` keeps what was expected and says how good that was.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from statistics import quantiles

from app.domain.own_times import OwnTimes
from app.domain.queue_pace import Pace
from app.domain.stalls import words_of

# Of runs that finished while others waited, for a pace.
LEAST_FINISHED = 5
# Of own jobs: the least and the longest of nine hold the next one in eight cases of ten.
LEAST_OWN = 9
DRAWS = 1000


@dataclass(frozen=True)
class Range:
    """Seconds: eight in ten lie from `least` to `most`, half of all below `middle`."""

    least: float
    middle: float
    most: float

    def __str__(self) -> str:
        return words_of_range(self.least, self.most)


@dataclass(frozen=True)
class Guess:
    """An expected time, and what it rests on; without a `range`, `basis` says why there is none."""

    range: Range | None
    basis: str


@dataclass(frozen=True)
class Expectation:
    """What a job sent now can expect: its wait until it runs, and the time until its results."""

    wait: Guess
    turnaround: Guess


def expect(pace: Pace | None, own: OwnTimes) -> Expectation:
    """What to expect of a service with this queue, and of our own jobs' times there."""
    draws, basis = _waits_by_queue(pace)
    if draws:
        wait = Guess(_range(draws), basis)
        return Expectation(wait, _turnaround(draws, own))
    if pace and pace.stall_reason:
        stands = Guess(None, "The queue does not move now, so nobody can say.")
        return Expectation(stands, stands)
    wait = _by_own(own.waited, own.of, f"{basis} " if basis else "")
    return Expectation(wait, _by_own(own.took, own.of))


def words_of_range(least: float, most: float) -> str:
    """A range of seconds as people say it: 3 min to 2 h."""
    first, last = (words_of(timedelta(seconds=end)) for end in (least, most))
    return f"about {last}" if first == last else f"{first} to {last}"


def wait_by_queue(pace: Pace | None) -> Guess:
    """The wait that a service's queue alone lets expect."""
    draws, basis = _waits_by_queue(pace)
    return Guess(_range(draws) if draws else None, basis)


def _waits_by_queue(pace: Pace | None) -> tuple[Sequence[float], str]:
    """Possible waits from the queue, and what they rest on; none with the reason otherwise."""
    if pace is None or pace.queued is None:
        return (), "The service does not report its queue."
    if pace.stall_reason:
        return (), pace.stall_reason
    if pace.queued and not pace.has_moved:
        return (), "The service's counts have not changed, so they are taken as not reported."
    if pace.finished_while_waiting < LEAST_FINISHED:
        seen = pace.finished_while_waiting
        return (), f"Only {seen} runs finished there in 24 h while others waited."
    pace_of_one = pace.waiting_seconds
    draws = [pace_of_one * ratio for ratio in _ratios(pace.queued + 1, pace.finished_while_waiting)]
    if pace.queued == 0:
        # A place is free, or the next run that finishes leaves one.
        draws = [0.0] * (DRAWS // 2) + draws[::2]
    return draws, (
        f"{pace.queued} waiting now, {pace.finished_while_waiting} finished in 24 h while others "
        "waited"
    )


@lru_cache(maxsize=256)
def _ratios(to_go: int, seen: int) -> tuple[float, ...]:
    """Draws of G(to_go) / G(seen), in a fixed order, so that the same queue gives the same text."""
    luck = random.Random(to_go * 1_000_003 + seen)  # noqa: S311 (no secret)
    return tuple(luck.gammavariate(to_go, 1.0) / luck.gammavariate(seen, 1.0) for _ in range(DRAWS))


def _turnaround(waits: Sequence[float], own: OwnTimes) -> Guess:
    if len(own.ran) < LEAST_OWN:
        return _by_own(own.took, own.of)
    luck = random.Random(len(waits))  # noqa: S311 (no secret)
    runs = sorted(own.ran)
    draws = [wait + _drawn(runs, luck.random()) for wait in waits]
    return Guess(_range(draws), f"the wait and the last {len(runs)} {own.of}")


def _drawn(runs: Sequence[float], share: float) -> float:
    """The time below which this share of runs ends, between the neighbours that were seen."""
    place = min(max(share * (len(runs) + 1) - 1, 0.0), len(runs) - 1.0)
    below = int(place)
    above = min(below + 1, len(runs) - 1)
    return runs[below] + (place - below) * (runs[above] - runs[below])


def _by_own(times: Sequence[float], of: str, otherwise: str = "") -> Guess:
    if len(times) < LEAST_OWN:
        return Guess(
            None,
            f"{otherwise}Not enough data: {len(times)} {of}, and {LEAST_OWN} are needed.",
        )
    return Guess(_range(times), f"the last {len(times)} {of}")


def _range(times: Sequence[float]) -> Range:
    tenths = quantiles(times, n=10, method="exclusive")
    return Range(least=max(0.0, tenths[0]), middle=tenths[4], most=tenths[-1])

"""Whether a service's queue moves: a pure rule over what its probes counted, one after another.

Only time that was seen counts. A probe speaks for the time to the next one, but not beyond its
`valid_until`: after a hole (the service was down, gave no counts, or nobody looked) and after a
counter went back (the engine was restarted) the clocks begin anew, so that a queue is called
stalled only where it was seen not to move.

* `waiting_seconds`: how long runs have waited while none finished;
* `gaps`: how long it usually takes, while the service is busy, until one finishes.

The queue is stalled when `waiting_seconds` reaches `max(factor * usual gap, minimum)`, the usual
gap being the one that nine in ten keep below. With fewer than `LEAST_GAPS` of them nobody can tell:
numbers that never change say nothing, however many runs they claim to wait.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from statistics import quantiles

LEAST_GAPS = 5
LATEST_GAPS = 50


@dataclass(frozen=True)
class Rule:
    """When a queue is called stalled."""

    factor: float
    minimum_seconds: float


@dataclass(frozen=True)
class Sample:
    """What one probe counted."""

    checked_at: datetime
    valid_until: datetime
    queued: int
    running: int
    finished: int


@dataclass(frozen=True)
class Movement:
    """What is known of a queue's movement after a probe. `stalled_since` is None while it moves."""

    latest: Sample
    waiting_since: datetime | None = None
    waiting_seconds: float = 0.0
    busy_seconds: float = 0.0
    gaps: tuple[float, ...] = ()
    stalled_since: datetime | None = None

    @property
    def usual_gap(self) -> float | None:
        """The seconds within which nine in ten runs finished after the one before."""
        if len(self.gaps) < LEAST_GAPS:
            return None
        return quantiles(self.gaps, n=10, method="inclusive")[-1]

    def patience(self, rule: Rule) -> float | None:
        """How long runs may wait with none finishing, in seconds; None where nobody can tell."""
        usual = self.usual_gap
        return None if usual is None else max(rule.factor * usual, rule.minimum_seconds)


def follow(before: Movement | None, sample: Sample, rule: Rule) -> Movement:
    """What is known after one more probe; one that is not newer than the last changes nothing."""
    if before is None:
        return _begin(sample)
    last = before.latest
    if sample.checked_at <= last.checked_at:
        return before
    if sample.checked_at > last.valid_until or sample.finished < last.finished:
        return replace(_begin(sample), gaps=before.gaps)
    step = (sample.checked_at - last.checked_at).total_seconds()
    busy = before.busy_seconds + step if last.queued or last.running else 0.0
    if sample.finished > last.finished:
        # Where runs are so short that none is seen running, the time between two looks is the most
        # that one took. What was waited in a stall counts no more than the patience there was.
        most = before.patience(rule) or busy or step
        gaps = (*before.gaps, min(busy or step, most))[-LATEST_GAPS:]
        return replace(_begin(sample), gaps=gaps)
    waiting = before.waiting_seconds + step if last.queued else 0.0
    since = before.waiting_since or sample.checked_at
    now = Movement(
        latest=sample,
        waiting_since=since if sample.queued else None,
        waiting_seconds=waiting if sample.queued else 0.0,
        busy_seconds=busy if sample.queued or sample.running else 0.0,
        gaps=before.gaps,
    )
    patience = now.patience(rule)
    if patience is None or now.waiting_seconds < patience:
        return now
    return replace(now, stalled_since=before.stalled_since or sample.checked_at)


def _begin(sample: Sample) -> Movement:
    return Movement(latest=sample, waiting_since=sample.checked_at if sample.queued else None)

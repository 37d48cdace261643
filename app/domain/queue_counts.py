"""A service's own counters of runs, from the words of its protocol.

WES 1.1.0 requires `system_state_counts` in service-info, with the names of `State`; a state that is
left out has no runs, since many servers list only what they have. Cloudgene's
`/api/v2/server/counters` speaks of `complete`, `running` and `queue`, and tells no failures.
Servers that do not count say zero everywhere (cwl-WES did), so that zeros alone are taken as not
reported; numbers that never change are found out by `app.domain.queue_stall`, which knows the past.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from app.domain.health import QueueCounts

# What a run in a state is to the queue. People's cancels and deletions are no work that got done:
# were they counted as finished, a queue that is given up run by run would seem to move.
WES: Mapping[str, Sequence[str]] = MappingProxyType(
    {
        "queued": ("QUEUED", "INITIALIZING"),
        "running": ("RUNNING", "PAUSED", "CANCELING"),
        "finished": ("COMPLETE", "EXECUTOR_ERROR", "SYSTEM_ERROR", "PREEMPTED"),
        "executor_errors": ("EXECUTOR_ERROR",),
        "system_errors": ("SYSTEM_ERROR", "PREEMPTED"),
    }
)
CLOUDGENE: Mapping[str, Sequence[str]] = MappingProxyType(
    {"queued": ("queue",), "running": ("running",), "finished": ("complete",)}
)
# Of a PostgreSQL integer; a larger number is no count of runs.
LARGEST = 2**31 - 1


def counts_of(state_counts: Mapping[str, int]) -> QueueCounts | None:
    """Sum a service's counters up; None where it reports none, or nothing but zeros."""
    for words in (WES, CLOUDGENE):
        if any(state in state_counts for states in words.values() for state in states):
            sums = {part: _sum(state_counts, states) for part, states in words.items()}
            return QueueCounts(**sums) if any(sums.values()) else None
    return None


def _sum(state_counts: Mapping[str, int], states: Sequence[str]) -> int:
    """The runs in these states; a number that cannot be one counts for nothing."""
    counts = (state_counts.get(state, 0) for state in states)
    return min(LARGEST, sum(count for count in counts if 0 <= count <= LARGEST))

"""How a service's state follows from what probes find, one finding after the other.

A state changes only when several findings in a row contradict it, and then it changed when the
first of them was made (`Standing.since`). Of findings that contradict it in different degrees the
one nearest to the present state counts: slow, no answer, slow is three times “at least slow”, and
confirms that alone. Two things are believed at once: that this lab cannot tell (`unknown`), and
the first good answer of a service of which nothing is known yet.
"""

from datetime import datetime
from typing import NamedTuple

from app.domain.health import AVAILABLE, Health

# From good to bad. Unknown is before them all, so that out of it the mildest finding counts.
_ORDER = (
    Health.UNKNOWN,
    Health.UP,
    Health.DEGRADED,
    Health.STALLED,
    Health.MAINTENANCE,
    Health.AUTHORISATION_NEEDED,
    Health.DOWN,
)
_RANK = {state: rank for rank, state in enumerate(_ORDER)}


class Standing(NamedTuple):
    """A service's confirmed state and what waits to be confirmed.

    `since` is None as long as nothing was confirmed of the service. `pending` was found, or worse
    in the same direction, `streak` times in a row, first at `pending_since`.
    """

    state: Health = Health.UNKNOWN
    since: datetime | None = None
    pending: Health | None = None
    pending_since: datetime | None = None
    streak: int = 0


def after(before: Standing, found: Health, at: datetime, *, confirmations: int) -> Standing:
    """The standing after a probe that began at `at` found `found`.

    A change has taken place where `state` or `since` differs; stretches of states never overlap,
    even where the clock was set back.
    """
    if found is before.state and (before.since is not None or found is Health.UNKNOWN):
        return before if before.pending is None else Standing(before.state, before.since)
    if found is Health.UNKNOWN or (before.since is None and found in AVAILABLE):
        return Standing(found, _not_before(before.since, at))
    pending, since, streak = _pending(before, found, at)
    if streak < confirmations:
        return Standing(before.state, before.since, pending, since, streak)
    return Standing(pending, _not_before(before.since, since))


def _pending(before: Standing, found: Health, at: datetime) -> tuple[Health, datetime, int]:
    if before.pending is None or before.pending_since is None:
        return found, at, 1
    here, there, new = _RANK[before.state], _RANK[before.pending], _RANK[found]
    if (there > here) is not (new > here):
        return found, at, 1
    nearest = min(before.pending, found, key=lambda state: abs(_RANK[state] - here))
    return nearest, min(before.pending_since, at), before.streak + 1


def _not_before(earliest: datetime | None, at: datetime) -> datetime:
    return at if earliest is None else max(earliest, at)

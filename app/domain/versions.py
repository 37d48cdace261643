"""Two people change one thing: the second is told, instead of undoing what the first did.

A form carries the version of what it shows. The function that changes the thing locks its row
(`with_for_update`), calls `check_version` and then writes, moving the version on.
"""

from datetime import UTC, datetime

from app.domain.errors import Outdated


def version_of(state: datetime | int) -> str:
    """The version of a thing: when it was last changed, or the number of its changes."""
    if isinstance(state, int):
        return str(state)
    return state.astimezone(UTC).isoformat(timespec="microseconds")


def check_version(state: datetime | int, seen: str, what: str) -> None:
    """Raise `Outdated` unless a thing is still at the version that a form has `seen`.

    `what` is what the thing is called, such as its name.
    """
    if version_of(state) != seen:
        raise Outdated(what)

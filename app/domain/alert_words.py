"""What alerts say, in words for people who did not ask."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from app.domain.health import Health

_STATES = {
    Health.DEGRADED: "is slow or works in part",
    Health.STALLED: "answers, but its queue does not move",
    Health.AUTHORISATION_NEEDED: "does not accept our token",
    Health.DOWN: "is down",
}


@dataclass(frozen=True)
class Words:
    """A title that fits a line, and the rest."""

    title: str
    body: str


def bad(name: str, state: Health, since: datetime, reason: str) -> Words:
    """A service went bad, or worse."""
    return Words(f"{name} {_STATES[state]}", _sentences(f"Since {_clock(since)}", reason))


def still_bad(name: str, state: Health, since: datetime, reason: str) -> Words:
    """A service is bad, and nobody was told when it became so."""
    return Words(f"{name} {_STATES[state]} still", _sentences(f"Since {_clock(since)}", reason))


def recovered(name: str, started: datetime, ended: datetime) -> Words:
    """A service is up again, and stayed so."""
    return Words(
        f"{name} is up again", f"Since {_clock(ended)}, after {duration_text(ended - started)}."
    )


def flapping(name: str, changes: int, hours: float) -> Words:
    """A service goes to and fro."""
    return Words(
        f"{name} is unstable",
        f"It failed {changes} times within {_hours(hours)}. You are told when it was stable for "
        f"{_hours(hours)}, and nothing until then.",
    )


def stable(name: str, hours: float) -> Words:
    """A service that flapped is up, and stayed so."""
    return Words(f"{name} is stable again", f"It has been up for {_hours(hours)}.")


def stable_but_bad(name: str, state: Health, since: datetime, reason: str) -> Words:
    """A service that flapped stays bad."""
    return Words(
        f"{name} {_STATES[state]} for good",
        _sentences(f"It was unstable, and has not changed since {_clock(since)}", reason),
    )


def duration_text(length: timedelta) -> str:
    """A length of time to read: `40 s`, `12 min`, `3 h 5 min`, `2 d 4 h`."""
    seconds = max(0, round(length.total_seconds()))
    if seconds < 60:
        return f"{seconds} s"
    minutes = seconds // 60
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h" if hours else f"{days} d"


def _sentences(first: str, reason: str) -> str:
    return f"{first}. {reason}".strip()


def _clock(moment: datetime) -> str:
    return moment.strftime("%d %b %H:%M UTC")


def _hours(hours: float) -> str:
    return "an hour" if hours == 1 else f"{hours:g} hours"

"""The strokes of a bar of days, and what they say in words.

The strokes of a colour are one path, so that a thousand services with ninety days each stay a few
thousand elements. Colour is never alone: what is worse is lower as well, a day without data is a
dot at the bottom, and the same is said in words.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Protocol, TypedDict

from app.domain.glance import Bar
from app.domain.health import AVAILABLE, Health
from models.base import now

HEIGHT = 20
STEP = 4
STROKE = 3
# A day that lost less than this is not drawn like one that was lost.
MOSTLY = 0.99
# How high a day's stroke is; the rest of its look is in the style sheet.
HEIGHTS = {
    "up": 20,
    "degraded": 15,
    "partly": 15,
    "maintenance": 11,
    "authorisation_needed": 11,
    "down": 9,
    "unknown": 6,
    "none": 3,
}
DAY = timedelta(days=1)


class Seen(Protocol):
    """The bars of a service with the uptime of all of them, such as a `Glance`."""

    @property
    def bars(self) -> Sequence[Bar]: ...  # noqa: D102

    @property
    def uptime(self) -> float | None: ...  # noqa: D102


class BarPart(TypedDict):
    """The strokes of one kind of day."""

    kind: str
    path: str


class DayItem(TypedDict):
    """One day of a service in words. `state` is the worst of the day, empty without data."""

    day: str
    state: str
    uptime: str
    not_available: str
    no_data: str


def view_box(days: int) -> str:
    """The bar's `viewBox` attribute."""
    return f"0 0 {days * STEP - STEP + STROKE} {HEIGHT}"


def kind_of(bar: Bar) -> str:
    """How a day is drawn: by its worst state, and by how much of it was lost."""
    if bar.worst is None:
        return "none"
    if bar.worst in (Health.DEGRADED, Health.STALLED):
        return "degraded"
    if bar.worst is Health.DOWN and bar.uptime is not None and bar.uptime >= MOSTLY:
        return "partly"
    return str(bar.worst)


def bar_parts(bars: Sequence[Bar]) -> list[BarPart]:
    """The paths of a bar, the oldest day at the left."""
    paths: dict[str, str] = {}
    for place, bar in enumerate(bars):
        kind = kind_of(bar)
        top = HEIGHT - HEIGHTS[kind]
        stroke = f"M{place * STEP} {top}h{STROKE}v{HEIGHTS[kind]}h-{STROKE}z"
        paths[kind] = paths.get(kind, "") + stroke
    return [BarPart(kind=kind, path=path) for kind, path in paths.items()]


def bar_words(seen: Seen | None, *, days: int) -> str:
    """What a bar of days says, in words."""
    if seen is None or not any(bar.worst for bar in seen.bars):
        return f"{days} days: no data yet"
    parts = [f"{days} days: available {percent(seen.uptime)} of the time that is known"]
    bad = [bar for bar in seen.bars if bar.uptime is not None and bar.uptime < 1]
    if bad:
        worst = min(bad, key=lambda bar: bar.uptime or 0.0)
        parts.append(
            f"not always available on {_days(len(bad))}, worst {day_text(worst.starts_at)} with "
            f"{percent(worst.uptime)}"
        )
    if untold := sum(bar.worst is None for bar in seen.bars):
        parts.append(f"no data for {_days(untold)}")
    return "; ".join(parts)


def day_items(seen: Seen) -> list[DayItem]:
    """The days of a bar as rows, the latest first."""
    return [
        DayItem(
            day=day_text(bar.starts_at),
            state=bar.worst or "",
            uptime=percent(bar.uptime),
            not_available=span_text(_not_available(bar)),
            no_data=span_text(_no_data(bar, now())),
        )
        for bar in reversed(seen.bars)
    ]


def percent(share: float | None) -> str:
    """An uptime to read: `99.31 %`. What is less than all of the time never reads as 100 %."""
    if share is None:
        return "–"
    if share >= 1:
        return "100 %"
    return f"{min(share, 0.9999) * 100:.2f} %"


def day_text(moment: datetime) -> str:
    """A day to read: `3 Nov 2026`."""
    day = moment.astimezone(UTC)
    return f"{day.day} {day:%b %Y}"


def span_text(seconds: float) -> str:
    """A time span to read, in minutes and hours; a dash for none."""
    if seconds < 1:
        return "–"
    if seconds < 30:
        return "under 1 min"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


def _not_available(bar: Bar) -> float:
    bad = set(Health) - AVAILABLE - {Health.UNKNOWN}
    return sum(spent for health, spent in bar.seconds.items() if health in bad)


def _no_data(bar: Bar, at: datetime) -> float:
    length = (min(bar.starts_at + DAY, at) - bar.starts_at).total_seconds()
    return length - sum(bar.seconds.values())


def _days(number: int) -> str:
    return "1 day" if number == 1 else f"{number} days"

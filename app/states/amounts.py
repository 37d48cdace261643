"""Amounts as people read them: stretches of time, shares, counts."""

from datetime import datetime
from itertools import pairwise

UNITS = (("y", 365 * 86400), ("d", 86400), ("h", 3600), ("min", 60), ("s", 1))
NOTHING = "–"


def stretch(seconds: float | None) -> str:
    """Seconds in the largest unit that they fill, and the next: `3 d 4 h`, `59 min`, `0 s`."""
    if seconds is None:
        return NOTHING
    whole = round(seconds)
    for (unit, length), (next_unit, next_length) in pairwise(UNITS):
        if whole >= length:
            rest = whole % length // next_length
            return f"{whole // length} {unit}" + (f" {rest} {next_unit}" if rest else "")
    return f"{whole} s"


def share(ratio: float | None) -> str:
    """A ratio in percent with as many digits as tell it from 100 %, but never rounded up to it."""
    if ratio is None:
        return NOTHING
    if ratio >= 1:
        return "100 %"
    digits = 2 if ratio >= 0.99 else 1
    return f"{int(ratio * 100 * 10**digits) / 10**digits:.{digits}f} %"


def count(value: float | None) -> str:
    """A count, or an average of counts."""
    if value is None:
        return NOTHING
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.1f}"


def utc(moment: datetime, *, step: str = "minute") -> str:
    """A point in time (UTC) as exact as steps of a minute, an hour or a day are."""
    return moment.strftime("%Y-%m-%d" if step == "day" else "%Y-%m-%d %H:%M")

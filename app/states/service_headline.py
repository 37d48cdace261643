"""The few figures that stand above the charts of a service."""

from typing import TypedDict

from app.domain.series import Series
from app.domain.uptime import Uptime
from app.states.amounts import share, stretch
from app.states.service_item import milliseconds


class Headline(TypedDict):
    """A figure, what it is, and what it says."""

    label: str
    value: str
    hint: str


def headlines(uptime: Uptime, found: Series) -> list[Headline]:
    """Uptime in both ways of counting maintenance, how much is known, how fast it answers."""
    excused = f"{stretch(uptime.excused)} of maintenance left out" if uptime.excused else ""
    checks = f"of {found.probes:,} checks" if found.probes else ""
    return [
        Headline(label="Uptime", value=share(uptime.with_maintenance), hint=excused),
        Headline(
            label="Maintenance counted",
            value=share(uptime.without_maintenance),
            hint="uptime, maintenance as not available",
        ),
        Headline(
            label="Coverage",
            value=share(uptime.coverage),
            hint=f"no data for {stretch(uptime.no_data)}",
        ),
        Headline(label="Median response", value=milliseconds(found.p50_ms), hint=checks),
        Headline(label="p95", value=milliseconds(found.p95_ms), hint="19 of 20 were faster"),
        Headline(label="p99", value=milliseconds(found.p99_ms), hint="99 of 100 were faster"),
    ]

"""What the address of a service's page asks for: a tab, a stretch of time, a measure.

All of it stands in the address, so that a link shows others the same. It comes from the address
bar: what is not one of these words counts as not there.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

import reflex as rx

from app.states.route import route_argument

TABS = {
    "overview": "Overview",
    "history": "History",
    "hours": "Time of day",
    "checks": "Checks and changes",
}

EVERYTHING = "all"
# None: since the platform knows the service.
LENGTHS: dict[str, timedelta | None] = {
    "1h": timedelta(hours=1),
    "6h": timedelta(hours=6),
    "24h": timedelta(hours=24),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
    "90d": timedelta(days=90),
    "1y": timedelta(days=365),
    EVERYTHING: None,
}
SPAN_NAMES = {
    "1h": "1 hour",
    "6h": "6 hours",
    "24h": "24 hours",
    "7d": "7 days",
    "30d": "30 days",
    "90d": "90 days",
    "1y": "1 year",
    EVERYTHING: "All",
}
# Of less than a week there is no week to show.
SPANS = {"history": tuple(LENGTHS), "hours": ("7d", "30d", "90d", "1y", EVERYTHING)}
USUAL_SPAN = {"history": "24h", "hours": "30d"}

MEASURES = {
    "latency": "Response time",
    "queue": "Queue",
    "availability": "Availability",
}


@dataclass(frozen=True)
class ServiceView:
    """A tab, the stretch of time that it shows, and the measure of the week."""

    service_ref: str
    tab: str
    span: str
    measure: str

    @property
    def path(self) -> str:
        """The address of the page without what it asks for."""
        return f"/services/{self.service_ref}"

    @property
    def length(self) -> timedelta | None:
        """How long the stretch of time is; None for all of it."""
        return LENGTHS.get(self.span)


def file_of(path: str, name: str, since: datetime, until: datetime | None = None) -> str:
    """The address of a file with the numbers of a stretch of time."""
    asked = {"since": since.isoformat()} | ({"until": until.isoformat()} if until else {})
    return f"/api{path}/{name}.csv?{urlencode(asked)}"


def view_of(state: rx.State, tab: str = "") -> ServiceView:
    """Read the address, for what it does not say of a stretch of time as `tab` usually shows."""
    query = state.router.url.query_parameters
    asked = str(query.get("tab", ""))
    tab = tab or (asked if asked in TABS else "overview")
    span, measure = str(query.get("range", "")), str(query.get("measure", ""))
    return ServiceView(
        service_ref=route_argument(state, "service_ref"),
        tab=tab,
        span=span if span in SPANS.get(tab, ()) else USUAL_SPAN.get(tab, ""),
        measure=measure if measure in MEASURES else "latency",
    )

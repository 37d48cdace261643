"""A service as the rows of pages show it: texts that are ready to read."""

from datetime import datetime
from typing import TypedDict

from app.domain.services import ServiceRow

# What people call the protocol that an `api_type` speaks.
PROTOCOLS = {"wes": "GA4GH WES", "cloudgene": "Cloudgene"}


class ServiceItem(TypedDict):
    """One service in a table. `health` is `retired` or `paused` where it is not probed."""

    ref: str
    name: str
    description: str
    protocol: str
    version: str
    base_url: str
    place: str
    is_simulation: bool
    is_active: bool
    is_retired: bool
    health: str
    problem: str
    pause: str
    response: str
    checked_at: str
    panels: int
    queue: str


def service_item(row: ServiceRow) -> ServiceItem:
    """Make a table's row of a service."""
    return ServiceItem(
        ref=row.ref,
        name=row.name,
        description=row.description,
        protocol=PROTOCOLS.get(row.api_type, row.api_type),
        version=str(row.service_info.get("version") or ""),
        base_url=row.base_url,
        place=" · ".join(part for part in (row.location, row.country) if part) or "–",
        is_simulation=row.is_simulation,
        is_active=row.is_active,
        is_retired=row.retired_at is not None,
        health=row.state,
        problem=row.error_message,
        pause=row.submissions_pause_reason,
        response=milliseconds(row.response_time_ms),
        checked_at=iso(row.last_health_check),
        panels=row.panel_count,
        queue=queue_text(row.queued, row.running),
    )


def queue_text(queued: int | None, running: int | None) -> str:
    """Runs that wait and that run at the service, if it says so."""
    if queued is None and running is None:
        return "–"
    return f"{queued or 0} queued, {running or 0} running"


def milliseconds(value: float | None) -> str:
    """A response time to read: `8.2 ms`, `676 ms`, `2.4 s`."""
    if value is None:
        return "–"
    if value >= 1000:
        return f"{value / 1000:.1f} s"
    return f"{value:.0f} ms" if value >= 100 else f"{value:.1f} ms"


def iso(moment: datetime | None) -> str:
    """A time for the browser, empty where there is none."""
    return moment.isoformat() if moment else ""

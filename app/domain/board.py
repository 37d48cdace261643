"""All services in use at once, as the pages that list them show them: how each is right now.

One statement for all of them; their history is `app.domain.glance`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlmodel import Session

from app.config import settings
from app.domain.access import Actor, require
from app.domain.health import Health

# Above it stands what an administrator or a job's owner should look at first.
ATTENTION = (
    Health.DOWN,
    Health.AUTHORISATION_NEEDED,
    Health.STALLED,
    Health.DEGRADED,
    Health.UNKNOWN,
    Health.MAINTENANCE,
    Health.UP,
)

# Time may have passed beyond a window's ends without anybody having written so: it is looked up.
_SERVICES = text("""
    SELECT service.ref, service.name, service.location, service.country, service.is_simulation,
        service.is_active, service.health_status, service.is_flapping, service.check_settings,
        service.silenced_until > now() AS is_silenced,
        checks.found, checks.message, checks.state_since, checks.pending_state, checks.streak,
        checks.checked_at, checks.next_probe_at, checks.interval_seconds, checks.queued,
        checks.running, maintenance.ends_at AS maintenance_until,
        (
            SELECT count(*) FROM reference_panels AS panel
            WHERE panel.service_id = service.id AND panel.retired_at IS NULL
        ) AS panels
    FROM imputation_services AS service
    LEFT JOIN service_checks AS checks ON checks.service_id = service.id
    LEFT JOIN (
        SELECT service_id, max(ends_at) AS ends_at FROM maintenance_windows
        WHERE starts_at <= now() AND ends_at > now() GROUP BY service_id
    ) AS maintenance ON maintenance.service_id = service.id
    WHERE service.retired_at IS NULL
    ORDER BY lower(service.name)
""")


@dataclass(frozen=True)
class BoardRow:
    """A service as it is now.

    `health` is the confirmed state, with a maintenance window of ours laid over it, which is open
    until `maintenance_until`. `pending` is another state that the last `streak` probes in a row
    found, of `confirmations` that it takes. `problem` is what the last probe that was not well had
    to say. `queued` and `running` are None where the service does not tell. The next probe is at
    `next_probe_at`, and then every `interval_seconds` while nothing changes.
    """

    ref: str
    name: str
    location: str
    country: str
    is_simulation: bool
    is_active: bool
    is_flapping: bool
    is_silenced: bool
    health: Health
    since: datetime | None
    pending: Health | None
    streak: int
    confirmations: int
    problem: str
    checked_at: datetime | None
    next_probe_at: datetime | None
    interval_seconds: float
    queued: int | None
    running: int | None
    panels: int
    maintenance_until: datetime | None

    @property
    def attention(self) -> int:
        """How soon to look at the service: less is sooner. Paused ones come last."""
        if not self.is_active:
            return 2 * len(ATTENTION)
        return 2 * ATTENTION.index(self.health) - (self.pending is not None)


def board(session: Session, *, actor: Actor) -> list[BoardRow]:
    """Every service that is not retired, in the order of their names."""
    require(actor, "service:read")
    standard = settings().probe_confirmations
    return [_row(row, standard) for row in session.connection().execute(_SERVICES)]


def _row(row: Any, standard: int) -> BoardRow:
    own: Mapping[str, Any] = row.check_settings
    confirmed = _health(row.health_status) or Health.UNKNOWN
    pending = _health(row.pending_state or "")
    is_well = confirmed is Health.UP and row.found in (None, Health.UP)
    return BoardRow(
        ref=row.ref,
        name=row.name,
        location=row.location,
        country=row.country,
        is_simulation=row.is_simulation,
        is_active=row.is_active,
        is_flapping=row.is_flapping,
        is_silenced=bool(row.is_silenced),
        health=Health.MAINTENANCE if row.maintenance_until else confirmed,
        since=row.state_since,
        pending=pending,
        streak=(row.streak or 0) if pending else 0,
        confirmations=own.get("confirmations") or standard,
        problem="" if is_well else row.message or "",
        checked_at=row.checked_at,
        next_probe_at=row.next_probe_at if row.is_active else None,
        interval_seconds=row.interval_seconds or 0.0,
        queued=row.queued,
        running=row.running,
        panels=row.panels,
        maintenance_until=row.maintenance_until,
    )


def _health(word: str) -> Health | None:
    return Health(word) if word in set(Health) else None

"""What visitors may know of the services: how they are and were, and nothing else.

No address, no message of a service, nothing that a person has typed but a service's name and place.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from app.domain.access import Actor
from app.domain.board import board
from app.domain.glance import Bar, glances
from app.domain.health import AVAILABLE, Health
from models.base import now
from models.registry import ImputationService

# Nobody: it may see the services, and has no name.
VISITOR = Actor("", "", "", frozenset({"service:read"}))


@dataclass(frozen=True)
class PublicService:
    """A service in use. `uptime` and the bars are those of `app.domain.glance`."""

    ref: str
    name: str
    place: str
    api_type: str
    is_simulation: bool
    created_at: datetime
    health: Health
    since: datetime | None
    bars: Sequence[Bar]
    uptime: float | None
    coverage: float
    p50_ms: float | None
    p95_ms: float | None
    queued: int | None
    queue_trend: str

    @property
    def is_available(self) -> bool:
        """Whether it answers and works, if not as well as it should."""
        return self.health in AVAILABLE


@dataclass(frozen=True)
class PublicStatus:
    """All services in use, in the order of their names, as they were at a time."""

    at: datetime
    services: Sequence[PublicService]

    @property
    def available(self) -> int:
        """How many are available."""
        return sum(service.is_available for service in self.services)


def public_status(session: Session) -> PublicStatus:
    """How the services are, for visitors. Whether they may know is for the caller to check."""
    rows = [row for row in board(session, actor=VISITOR) if row.is_active]
    refs = [row.ref for row in rows]
    seen = glances(session, actor=VISITOR, service_refs=refs)
    kinds = session.exec(
        select(
            ImputationService.ref, ImputationService.api_type, ImputationService.created_at
        ).where(col(ImputationService.ref).in_(refs))
    )
    kind = {ref: (api_type, created_at) for ref, api_type, created_at in kinds}
    return PublicStatus(
        at=now(),
        services=[
            PublicService(
                ref=row.ref,
                name=row.name,
                place=", ".join(part for part in (row.location, row.country) if part),
                api_type=kind[row.ref][0],
                is_simulation=row.is_simulation,
                created_at=kind[row.ref][1],
                health=row.health,
                since=row.since,
                bars=seen[row.ref].bars,
                uptime=seen[row.ref].uptime,
                coverage=seen[row.ref].coverage,
                p50_ms=seen[row.ref].p50_ms,
                p95_ms=seen[row.ref].p95_ms,
                queued=row.queued,
                queue_trend=seen[row.ref].queue_trend,
            )
            for row in rows
            if row.ref in seen and row.ref in kind
        ],
    )

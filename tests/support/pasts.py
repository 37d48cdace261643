"""Services with a past: raw probes as the checker writes them, and their roll-ups."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from sqlalchemy import insert
from sqlalchemy.dialects.postgresql import insert as upsert

from app.domain.access import ROLES, Actor
from app.domain.roll_ups import mark_due, roll_up_due
from models import db
from models.health import ServiceHealthLog, ServiceState
from models.registry import ImputationService

VIEWER = Actor(user_ref="viewer", name="Vera", email="", permissions=ROLES["viewer"])
INTERVAL = timedelta(minutes=5)


@dataclass(frozen=True)
class Probe:
    """A raw probe; `stands_for` is how long it speaks at most."""

    checked_at: datetime
    health: str = "up"
    response_time_ms: float | None = 100.0
    stands_for: timedelta = INTERVAL + timedelta(seconds=60)
    queued: int | None = None
    running: int | None = None
    finished: int | None = None
    executor_errors: int | None = None
    system_errors: int | None = None

    @property
    def valid_until(self) -> datetime:
        """Up to when it speaks, if no other comes before."""
        return self.checked_at + self.stands_for


def add_service(name: str = "Node") -> tuple[int, str]:
    """Add a service; return its id and its ref."""
    with db.session(db.REGISTRY) as session:
        service = ImputationService(
            name=name, service_type="wes", api_type="wes", base_url="https://wes.example.org"
        )
        session.add(service)
        session.flush()
        return service.id or 0, service.ref


def add_probes(service_id: int, probes: Iterable[Probe]) -> None:
    """Write probes down in one transaction, with what is due of them; a second one is dropped."""
    found = list(probes)
    rows = [_row(service_id, probe) for probe in found]
    if not rows:
        return
    with db.session(db.REGISTRY) as session:
        statement = upsert(ServiceHealthLog).on_conflict_do_nothing()
        session.connection().execute(statement, rows)
        mark_due(session, [(service_id, probe.checked_at) for probe in found])


def add_states(service_id: int, *stretches: tuple[str, datetime, datetime | None]) -> None:
    """Write confirmed states down: each with its beginning and its end."""
    rows = [
        {
            "service_id": service_id,
            "state": state,
            "since": since,
            "until": until,
            "layer": "",
            "reason": "",
        }
        for state, since, until in stretches
    ]
    with db.session(db.REGISTRY) as session:
        session.connection().execute(insert(ServiceState), rows)


def every(
    since: datetime, until: datetime, step: timedelta = INTERVAL, **fields: object
) -> list[Probe]:
    """Probes at a steady pace, from one time to just before another."""
    count = -(-(until - since) // step)
    return [Probe(since + number * step, **fields) for number in range(count)]  # type: ignore[arg-type]


def roll_up() -> None:
    """Compute all that is due."""
    with db.session(db.REGISTRY) as session:
        while roll_up_due(session, limit=1000):
            pass


def _row(service_id: int, probe: Probe) -> dict[str, object]:
    row = asdict(probe)
    del row["stands_for"], row["health"]
    return row | {
        "service_id": service_id,
        "valid_until": probe.valid_until,
        "health_status": probe.health,
        "found": probe.health,
        "layer": "",
        "error_message": "",
    }

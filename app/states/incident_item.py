"""An incident as pages show it: texts that are ready to read."""

from typing import TypedDict

from app.domain.alert_words import duration_text
from app.domain.incident_queries import IncidentRow
from app.states.service_item import iso

LAYER_WORDS = {
    "reachable": "not reachable",
    "tls": "encryption (TLS)",
    "protocol": "answers of the protocol",
    "credentials": "our token",
    "panels": "list of panels",
    "canary": "test run",
}


class IncidentItem(TypedDict):
    """One incident. `jobs` is empty where none is known to be touched."""

    ref: str
    service_ref: str
    service: str
    state: str
    layer: str
    cause: str
    started_at: str
    duration: str
    is_open: bool
    is_acknowledged: bool
    acknowledged_at: str
    acknowledged_by: str
    note: str
    jobs: str


def incident_item(row: IncidentRow, jobs: int = 0) -> IncidentItem:
    """Make a table's row of an incident that touched so many jobs."""
    return IncidentItem(
        ref=row.ref,
        service_ref=row.service_ref,
        service=row.service_name,
        state=row.state,
        layer=LAYER_WORDS.get(row.layer, row.layer),
        cause=row.cause,
        started_at=iso(row.started_at),
        duration=duration_text(row.duration),
        is_open=row.ended_at is None,
        is_acknowledged=row.acknowledged_at is not None,
        acknowledged_at=iso(row.acknowledged_at),
        acknowledged_by=row.acknowledged_by_name,
        note=row.note,
        jobs=str(jobs) if jobs else "–",
    )

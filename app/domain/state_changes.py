"""What a confirmed change of a service's state leaves behind.

It dates from the first of the findings that confirmed it: the probes since then are rewritten to
count as the new state, and the stretch of the new state begins with them.
"""

import json
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import TextClause, text
from sqlmodel import Session

from app.domain.health import AVAILABLE, StateChange

_CHANGES = """
    WITH changes AS MATERIALIZED (
        SELECT * FROM json_to_recordset(CAST(:changes AS json)) AS change (
            service_id int, state text, at timestamptz, is_available boolean, layer text,
            reason text
        )
    )
"""


def _of_each(statement: str) -> TextClause:
    return text(_CHANGES + statement)


_SERVICES = _of_each(
    """
    UPDATE imputation_services AS service
    SET health_status = changes.state, is_available = changes.is_available
    FROM changes WHERE service.id = changes.service_id
    """
)
_PROBES = _of_each(
    """
    UPDATE service_health_logs AS log SET health_status = changes.state
    FROM changes
    WHERE log.service_id = changes.service_id AND log.checked_at >= changes.at
        AND log.health_status <> changes.state
    """
)
_HOURS = _of_each(
    """
    INSERT INTO service_rollups_due (service_id, hour, due_at)
    SELECT service_id, hour, :moment
    FROM changes, generate_series(
        date_trunc('hour', at, 'UTC'), date_trunc('hour', CAST(:moment AS timestamptz), 'UTC'),
        interval '1 hour'
    ) AS hour
    ORDER BY service_id, hour
    ON CONFLICT (service_id, hour) DO UPDATE SET due_at = excluded.due_at WHERE false
    """
)
_END = _of_each(
    """
    UPDATE service_states AS stretch SET until = changes.at
    FROM changes WHERE stretch.service_id = changes.service_id AND stretch.until IS NULL
    """
)
_BEGIN = _of_each(
    """
    INSERT INTO service_states (service_id, state, since, layer, reason)
    SELECT service_id, state, at, layer, reason FROM changes
    """
)


def write(session: Session, changes: Sequence[StateChange], moment: datetime) -> None:
    """Keep changes that were confirmed at `moment`, at most one of each service."""
    values = {
        "changes": json.dumps(
            [
                {
                    "service_id": change.service_id,
                    "state": change.after,
                    "at": change.at.isoformat(),
                    "is_available": change.after in AVAILABLE,
                    "layer": change.layer or "",
                    "reason": change.reason,
                }
                for change in changes
            ]
        ),
        "moment": moment,
    }
    for statement in (_SERVICES, _PROBES, _HOURS, _END, _BEGIN):
        session.connection().execute(statement, values)

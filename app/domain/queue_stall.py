"""Services that answer while their queue does not move: no uptime check sees that.

A duty follows what probes counted (`follow_queues`) and leaves a reason at each service whose queue
stands (`app.domain.queue_movement` has the rule). Whoever writes findings down asks `with_stalls`
first: a probe that finds such a service up, and runs waiting, finds it stalled. So a stall is
confirmed, backdated and ended as any other state. A service that is not up, that gives no counts,
or of which too little is known is never called stalled.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from sqlalchemy import Row, text
from sqlmodel import Session

from app.config import settings
from app.domain.health import Finding, Health
from app.domain.queue_movement import Movement, Rule, Sample, follow
from app.domain.stalls import words_of

# Of one service in one turn; the rest follows in the next.
PROBES_AT_ONCE = 50
_LOCK = "SELECT pg_try_advisory_xact_lock(hashtext('service_queues'))"

_NEW_COUNTS = """
    SELECT checks.service_id, log.checked_at, log.valid_until, log.queued, log.running, log.finished
    FROM service_checks AS checks
    LEFT JOIN service_queues AS known USING (service_id)
    CROSS JOIN LATERAL (
        SELECT * FROM service_health_logs AS log
        WHERE log.service_id = checks.service_id
          AND log.checked_at > coalesce(known.checked_at, now() - interval '1 day')
          AND log.queued IS NOT NULL AND log.finished IS NOT NULL
        ORDER BY log.checked_at
        LIMIT :at_once
    ) AS log
    WHERE checks.queued IS NOT NULL
      AND (known.checked_at IS NULL OR checks.checked_at > known.checked_at)
    ORDER BY checks.service_id, log.checked_at
"""

_KNOWN = text("SELECT * FROM service_queues WHERE service_id = ANY(:service_ids)")
_WRITE = text("""
    INSERT INTO service_queues
    SELECT * FROM jsonb_populate_recordset(NULL::service_queues, CAST(:rows AS jsonb))
    ON CONFLICT (service_id) DO UPDATE SET
        checked_at = excluded.checked_at, valid_until = excluded.valid_until,
        queued = excluded.queued, running = excluded.running, finished = excluded.finished,
        waiting_since = excluded.waiting_since, waiting_seconds = excluded.waiting_seconds,
        busy_seconds = excluded.busy_seconds, gaps = excluded.gaps,
        stalled_since = excluded.stalled_since, stall_reason = excluded.stall_reason
""")
_STALLED = text("""
    SELECT service.ref, known.stall_reason
    FROM service_queues AS known
    JOIN imputation_services AS service ON service.id = known.service_id
    WHERE known.stall_reason <> ''
""")


@dataclass(frozen=True)
class QueueTurn:
    """A service whose queue stopped moving or moves again; `reason` is empty for the latter."""

    service_id: int
    reason: str


def follow_queues(session: Session) -> list[QueueTurn]:
    """Learn from the probes since the last turn which queues move. For the worker.

    One worker does it at a time; another one's turn does nothing meanwhile.
    """
    if not session.connection().execute(text(_LOCK)).scalar():
        return []
    counted: dict[int, list[Sample]] = {}
    for row in session.connection().execute(text(_NEW_COUNTS), {"at_once": PROBES_AT_ONCE}):
        counted.setdefault(row.service_id, []).append(_sample(row))
    if not counted:
        return []
    known = session.connection().execute(_KNOWN, {"service_ids": list(counted)})
    before = {row.service_id: row for row in known}
    rule, rows, turns = _rule(), [], []
    for service_id, samples in counted.items():
        old = before.get(service_id)
        movement = _movement(old) if old else None
        for sample in samples:
            movement = follow(movement, sample, rule)
        assert movement is not None
        reason = _reason(movement, old)
        rows.append(_columns(service_id, movement, reason))
        if bool(reason) != bool(old and old.stall_reason):
            turns.append(QueueTurn(service_id, reason))
    session.connection().execute(_WRITE, {"rows": json.dumps(rows)})
    return turns


def with_stalls(session: Session, findings: Sequence[Finding]) -> Sequence[Finding]:
    """The findings, those of services whose queue does not move being stalled instead of up."""
    if not any(_waits(finding) for finding in findings):
        return findings
    # Hardly ever any, through ix_service_queues_stalled.
    reasons = {row.ref: row.stall_reason for row in session.connection().execute(_STALLED)}
    if not reasons:
        return findings
    return [
        replace(finding, health=Health.STALLED, message=reasons[finding.service_ref])
        if _waits(finding) and finding.service_ref in reasons
        else finding
        for finding in findings
    ]


def _waits(finding: Finding) -> bool:
    """Whether the service is up, and says that runs wait there."""
    return finding.health is Health.UP and bool(finding.counts and finding.counts.queued)


def _movement(row: Row[Any]) -> Movement:
    """What is known of a queue's movement."""
    return Movement(
        latest=_sample(row),
        waiting_since=row.waiting_since,
        waiting_seconds=row.waiting_seconds,
        busy_seconds=row.busy_seconds,
        gaps=tuple(row.gaps),
        stalled_since=row.stalled_since,
    )


def _rule() -> Rule:
    return Rule(settings().queue_stall_factor, settings().queue_stall_hours * 3600)


def _sample(row: Row[Any]) -> Sample:
    return Sample(
        row.checked_at, row.valid_until, row.queued or 0, row.running or 0, row.finished or 0
    )


def _reason(movement: Movement, old: Row[Any] | None) -> str:
    """Why the queue is called stalled; it stays as it was first said, so that no page flickers."""
    usual, since = movement.usual_gap, movement.waiting_since
    if movement.stalled_since is None or usual is None or since is None:
        return ""
    if old and old.stall_reason and old.stalled_since == movement.stalled_since:
        return str(old.stall_reason)
    return (
        f"It answers, but its queue does not move: runs wait, and none has finished since "
        f"{since:%Y-%m-%d %H:%M} UTC. While it is busy, the next one usually finishes within "
        f"{words_of(timedelta(seconds=usual))}."
    )


def _columns(service_id: int, movement: Movement, reason: str) -> dict[str, Any]:
    latest = movement.latest
    return {
        "service_id": service_id,
        "checked_at": latest.checked_at.isoformat(),
        "valid_until": latest.valid_until.isoformat(),
        "queued": latest.queued,
        "running": latest.running,
        "finished": latest.finished,
        "waiting_since": movement.waiting_since and movement.waiting_since.isoformat(),
        "waiting_seconds": movement.waiting_seconds,
        "busy_seconds": movement.busy_seconds,
        "gaps": list(movement.gaps),
        "stalled_since": movement.stalled_since and movement.stalled_since.isoformat(),
        "stall_reason": reason,
    }

"""Writing down what probes found, for hundreds of services at once.

Most probes find what the last one found: their rows, the schedule and the hours to roll up are two
statements for a whole batch. What is rare has its own: a state that changed
(`app.domain.state_changes`), a layer (`service_layers`), a description (`service_changes`).
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlmodel import Session

from app.domain import (
    health_states,
    incidents,
    queue_stall,
    service_changes,
    service_layers,
    state_changes,
)
from app.domain.check_settings import Checks, checks_of, standard_checks
from app.domain.health import Finding, Health, QueueCounts, StateChange
from app.domain.health_states import Standing
from app.domain.probe_intervals import next_probe_at
from app.domain.probe_schedule import LEASE_MARGIN_SECONDS, standing_of
from models.base import now

MAX_MESSAGE_CHARACTERS = 1000
# A probe speaks for the time until the next one, and this much longer if that is late.
VALID_BEYOND = timedelta(seconds=10)
NO_TIME = timedelta()
NO_COUNTS = QueueCounts()

_LOCK = text(
    """
    SELECT service.id, service.ref, service.name, service.health_status, service.check_settings,
        checks.lease_until, checks.interval_seconds, checks.found, checks.message,
        checks.state_since, checks.pending_state, checks.pending_since, checks.streak,
        checks.queued, checks.running
    FROM service_checks AS checks
    JOIN imputation_services AS service ON service.id = checks.service_id
    WHERE service.ref = ANY(:refs)
    ORDER BY checks.service_id
    FOR NO KEY UPDATE OF checks
    """
)

# A due hour that somebody takes meanwhile is waited for, and then marked anew.
_WRITE = text(
    """
    WITH probes AS MATERIALIZED (
        SELECT * FROM json_to_recordset(CAST(:probes AS json)) AS probe (
            service_id int, checked_at timestamptz, valid_until timestamptz, state text, found text,
            layer text, ms float, message text, queued int, running int, finished int,
            executor_errors int, system_errors int, done_at timestamptz, next_at timestamptz,
            seconds float, state_since timestamptz, pending text, pending_since timestamptz,
            streak int
        )
    ), logged AS (
        INSERT INTO service_health_logs (
            service_id, checked_at, valid_until, health_status, found, layer, response_time_ms,
            error_message, queued, running, finished, executor_errors, system_errors
        )
        SELECT service_id, checked_at, valid_until, state, found, layer, ms, message, queued,
            running, finished, executor_errors, system_errors
        FROM probes
        ON CONFLICT DO NOTHING
    ), rolled AS (
        INSERT INTO service_rollups_due (service_id, hour, due_at)
        SELECT service_id, date_trunc('hour', checked_at, 'UTC'), done_at
        FROM probes ORDER BY service_id
        ON CONFLICT (service_id, hour) DO UPDATE SET due_at = excluded.due_at WHERE false
    )
    UPDATE service_checks AS checks SET
        lease_until = NULL, checked_at = probes.done_at, next_probe_at = probes.next_at,
        interval_seconds = probes.seconds, found = probes.found, message = probes.message,
        response_time_ms = probes.ms, state_since = probes.state_since,
        pending_state = probes.pending, pending_since = probes.pending_since,
        streak = probes.streak, queued = probes.queued, running = probes.running
    FROM probes
    WHERE checks.service_id = probes.service_id
    """
)

_ANNOUNCE = text(
    "SELECT pg_notify('changes', payload) FROM unnest(CAST(:all AS text[])) AS payload"
)


@dataclass(frozen=True)
class _Probed:
    """A finding with what is known of its service, before (`row`) and after it."""

    row: Any
    finding: Finding
    standing: Standing
    checks: Checks
    message: str

    @property
    def is_news(self) -> bool:
        """Whether a page shows something else now, or somebody waits for this very probe."""
        row, counts = self.row, self.finding.counts or NO_COUNTS
        return (
            row.interval_seconds == 0
            or row.found != self.finding.health
            or row.message != self.message
            or row.pending_state != (self.standing.pending or "")
            or (row.queued, row.running) != (counts.queued, counts.running)
        )

    @property
    def change(self) -> StateChange | None:
        """The change of the state that this finding confirmed, if any."""
        before, after = Health(self.row.health_status), self.standing
        if after.since is None or (after.state, after.since) == (before, self.row.state_since):
            return None
        return StateChange(
            service_id=self.row.id,
            service_ref=self.finding.service_ref,
            before=before,
            after=after.state,
            at=after.since,
            reason=self.message,
            layer=self.finding.layer,
        )


def record(session: Session, findings: Sequence[Finding], *, at: datetime | None = None) -> None:
    """Write what probes found; `at` is when they ended, if not now. For the worker.

    Nothing is written of a service that was changed meanwhile: it was another one that was probed.
    """
    moment, standard = at or now(), standard_checks()
    rows = session.connection().execute(_LOCK, {"refs": [one.service_ref for one in findings]})
    leased = {row.ref: row for row in rows if row.lease_until is not None}
    probed = []
    for finding in queue_stall.with_stalls(session, findings):
        row = leased.get(finding.service_ref)
        if row is None or finding.lease_until not in (None, row.lease_until):
            continue
        del leased[finding.service_ref]
        probed.append(_probed(row, finding, standard))
    if not probed:
        return
    rows_json = json.dumps([_probe(one, moment) for one in probed])
    session.connection().execute(_WRITE, {"probes": rows_json})
    _follow(session, probed, moment)


def _probed(row: Any, finding: Finding, standard: Checks) -> _Probed:
    checks = checks_of(row.check_settings, standard)
    standing = health_states.after(
        standing_of(row), finding.health, finding.checked_at, confirmations=checks.confirmations
    )
    # Without what PostgreSQL cannot hold: one finding must not keep a batch from being written.
    kept = finding.message[:MAX_MESSAGE_CHARACTERS].replace("\x00", "")
    message = kept.encode("utf-8", "replace").decode("utf-8")
    return _Probed(row, finding, standing, checks, message)


def _probe(one: _Probed, moment: datetime) -> dict[str, Any]:
    finding, standing = one.finding, one.standing
    counts = finding.counts or NO_COUNTS
    next_at = next_probe_at(finding.service_ref, standing, moment, one.checks)
    # A probe that is told of long after it was made speaks for no longer than any other.
    longest = timedelta(seconds=one.checks.timeout_seconds + LEASE_MARGIN_SECONDS)
    took = min(max(moment - finding.checked_at, NO_TIME), longest)
    valid_until = finding.checked_at + took + (next_at - moment) + VALID_BEYOND
    return {
        "service_id": one.row.id,
        "checked_at": finding.checked_at.isoformat(),
        "valid_until": valid_until.isoformat(),
        "state": standing.state,
        "found": finding.health,
        "layer": finding.layer or "",
        "ms": finding.response_time_ms,
        "message": one.message,
        "queued": counts.queued,
        "running": counts.running,
        "finished": counts.finished,
        "executor_errors": counts.executor_errors,
        "system_errors": counts.system_errors,
        "done_at": moment.isoformat(),
        "next_at": next_at.isoformat(),
        "seconds": (next_at - moment).total_seconds(),
        "state_since": standing.since and standing.since.isoformat(),
        "pending": standing.pending or "",
        "pending_since": standing.pending_since and standing.pending_since.isoformat(),
        "streak": standing.streak,
    }


def _follow(session: Session, probed: Sequence[_Probed], moment: datetime) -> None:
    changes = [change for one in probed if (change := one.change) is not None]
    if changes:
        state_changes.write(session, changes, moment)
        incidents.follow(session, changes)
    known = [one.finding for one in probed]
    service_layers.write(session, known)
    service_changes.follow(session, known)
    changed = {change.service_ref for change in changes}
    refs = [
        one.finding.service_ref
        for one in probed
        if one.is_news or one.finding.service_ref in changed
    ]
    if refs:
        _announce(session, refs)


def _announce(session: Session, refs: Sequence[str]) -> None:
    payloads = [
        json.dumps({"table": "imputation_services", "ref": ref, "owner": ""}) for ref in refs
    ]
    session.connection().execute(_ANNOUNCE, {"all": payloads})

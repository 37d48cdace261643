"""How many runs wait at services, and how fast they went through in the last day.

All from the services' own counters (`app.domain.queue_counts`), as the raw probes kept them. A
counter that goes back (the engine was started anew) ends one series and begins another: the step
between them counts for nothing. Neither does a time in which nobody looked.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlmodel import Session

from app.domain.access import WORKER, Actor, require
from models.base import now

WINDOW = timedelta(hours=24)
# So many services' paces are kept at a time: it takes a look at a day's probes of each.
KEPT_AT_ONCE = 20
LATELY = timedelta(hours=1)
# A queue is called rising or falling when its last hour differs by so much from the day.
TREND_SHARE = 0.25
TREND_RUNS = 1.0

_PACES = """
    WITH counted AS (
        SELECT service.id AS service_id, log.*
        FROM imputation_services AS service
        CROSS JOIN LATERAL (
            SELECT checked_at, valid_until, queued, running, finished, executor_errors,
                   system_errors,
                   lag(checked_at) OVER past AS before_at,
                   lag(valid_until) OVER past AS before_valid_until,
                   lag(queued) OVER past AS before_queued,
                   lag(finished) OVER past AS before_finished,
                   lag(executor_errors) OVER past AS before_executor_errors,
                   lag(system_errors) OVER past AS before_system_errors
            FROM service_health_logs
            WHERE service_id = service.id AND checked_at >= :since AND queued IS NOT NULL
            WINDOW past AS (ORDER BY checked_at)
        ) AS log
        WHERE service.ref = ANY(:service_refs)
    ), steps AS (
        SELECT *,
               CASE WHEN checked_at <= before_valid_until AND finished >= before_finished
                   THEN extract(epoch FROM checked_at - before_at)::float END AS seconds,
               finished - before_finished AS finishes,
               finished >= before_finished AS goes_on
        FROM counted
    ), sums AS (
        SELECT service_id, max(checked_at) AS as_of, max(valid_until) AS valid_until,
               (array_agg(queued ORDER BY checked_at DESC))[1] AS queued,
               (array_agg(running ORDER BY checked_at DESC))[1] AS running,
               coalesce(sum(seconds) FILTER (WHERE before_queued > 0), 0) AS waiting_seconds,
               coalesce(sum(finishes) FILTER (WHERE seconds IS NOT NULL AND before_queued > 0), 0)
                   AS finished_while_waiting,
               coalesce(sum(finishes) FILTER (WHERE goes_on), 0) AS finished,
               sum(executor_errors - before_executor_errors) FILTER (
                   WHERE goes_on AND executor_errors >= before_executor_errors
               ) AS executor_errors,
               sum(system_errors - before_system_errors) FILTER (
                   WHERE goes_on AND system_errors >= before_system_errors
               ) AS system_errors,
               avg(queued) AS queued_average,
               avg(queued) FILTER (WHERE checked_at >= :lately) AS queued_lately
        FROM steps
        GROUP BY service_id
    )
    SELECT service.ref, sums.*,
           coalesce(cardinality(known.gaps), 0) > 0 AS has_moved,
           coalesce(known.stall_reason, '') AS stall_reason
    FROM sums
    JOIN imputation_services AS service ON service.id = sums.service_id
    LEFT JOIN service_queues AS known USING (service_id)
"""

_TO_KEEP = """
    SELECT service.ref
    FROM service_queues AS known
    JOIN service_checks AS checks USING (service_id)
    JOIN imputation_services AS service ON service.id = known.service_id
    WHERE checks.queued > 0 AND coalesce(known.paced_at, '-infinity') < now() - interval '1 minute'
    ORDER BY known.paced_at NULLS FIRST
    LIMIT :at_once
"""
_KEEP = """
    UPDATE service_queues SET paced_at = now(), pace_seconds = :seconds, pace_finished = :finished
    FROM imputation_services AS service
    WHERE service.id = service_id AND service.ref = :ref
"""
_KEPT = """
    SELECT service.ref, checks.checked_at, checks.queued, checks.running,
           known.pace_seconds, known.pace_finished, known.stall_reason,
           coalesce(cardinality(known.gaps), 0) > 0 AS has_moved
    FROM service_queues AS known
    JOIN service_checks AS checks USING (service_id)
    JOIN imputation_services AS service ON service.id = known.service_id
    WHERE checks.queued IS NOT NULL AND service.retired_at IS NULL
      AND known.paced_at > now() - interval '1 day'
"""


@dataclass(frozen=True)
class Pace:
    """A service's queue now and its pace in the last day, as the service itself counts.

    `queued` and `running` are None where the last count is too old to tell. The failures are None
    where the service tells none. `has_moved`: runs were ever seen to finish there, so that its
    numbers mean something. `stall_reason` is empty while the queue moves or nobody can tell.
    """

    service_ref: str
    as_of: datetime
    queued: int | None
    running: int | None
    waiting_seconds: float
    finished_while_waiting: int
    finished: int
    executor_errors: int | None
    system_errors: int | None
    queued_average: float
    queued_lately: float | None
    has_moved: bool
    stall_reason: str

    @property
    def trend(self) -> str:
        """`rising`, `falling` or `steady`; empty where the last hour has no counts."""
        if self.queued_lately is None:
            return ""
        differs = self.queued_lately - self.queued_average
        if abs(differs) <= max(TREND_RUNS, TREND_SHARE * self.queued_average):
            return "steady"
        return "rising" if differs > 0 else "falling"


def paces(session: Session, *, actor: Actor, service_refs: Sequence[str]) -> dict[str, Pace]:
    """The pace of services by their ref; those that reported nothing in the last day are absent."""
    require(actor, "service:read")
    if not service_refs:
        return {}
    moment = now()
    found = session.connection().execute(
        text(_PACES),
        {
            "service_refs": list(service_refs),
            "since": moment - WINDOW,
            "lately": moment - LATELY,
        },
    )
    return {
        row.ref: Pace(
            service_ref=row.ref,
            as_of=row.as_of,
            queued=row.queued if row.valid_until > moment else None,
            running=row.running if row.valid_until > moment else None,
            waiting_seconds=row.waiting_seconds,
            finished_while_waiting=row.finished_while_waiting,
            finished=row.finished,
            executor_errors=row.executor_errors,
            system_errors=row.system_errors,
            queued_average=float(row.queued_average),
            queued_lately=None if row.queued_lately is None else float(row.queued_lately),
            has_moved=row.has_moved,
            stall_reason=row.stall_reason,
        )
        for row in found
    }


def keep_paces(session: Session) -> None:
    """Keep the pace of some services with a queue, the oldest first, for `kept_paces`."""
    found = session.connection().execute(text(_TO_KEEP), {"at_once": KEPT_AT_ONCE})
    known = paces(session, actor=WORKER, service_refs=list(found.scalars()))
    for ref, pace in sorted(known.items()):
        session.connection().execute(
            text(_KEEP),
            {
                "ref": ref,
                "seconds": pace.waiting_seconds,
                "finished": pace.finished_while_waiting,
            },
        )


def kept_paces(session: Session, *, actor: Actor) -> dict[str, Pace]:
    """The queues of all services now, with the pace that was kept last: cheap, for long lists.

    Of the day's other numbers they tell nothing.
    """
    require(actor, "service:read")
    return {
        row.ref: Pace(
            service_ref=row.ref,
            as_of=row.checked_at,
            queued=row.queued,
            running=row.running,
            waiting_seconds=row.pace_seconds,
            finished_while_waiting=row.pace_finished,
            finished=row.pace_finished,
            executor_errors=None,
            system_errors=None,
            queued_average=row.queued,
            queued_lately=None,
            has_moved=row.has_moved,
            stall_reason=row.stall_reason,
        )
        for row in session.connection().execute(text(_KEPT))
    }

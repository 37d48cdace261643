"""Whether more runs fail at a service than is usual there, as the service itself counts.

The share of failures among the finished runs of the last day is held against that of the four weeks
before. Failures by the service's fault (WES `SYSTEM_ERROR`) are judged apart from those by the
run's (`EXECUTOR_ERROR`): the first say something of the site, the others mostly of what was sent.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import exp, lgamma

from sqlmodel import Session, col, func, select

from app.domain.access import Actor, require
from app.domain.queue_pace import WINDOW, Pace, paces
from models.base import now
from models.health import HealthHour
from models.registry import ImputationService

USUAL = timedelta(days=28)
# Of finished runs, to speak of a share at all.
LEAST_RECENT = 10
LEAST_USUAL = 20
# So rarely would as many failures as now come by mere luck, were nothing different.
LUCK = 0.01


@dataclass(frozen=True)
class Share:
    """So many of so many finished runs failed."""

    failed: int
    finished: int

    @property
    def ratio(self) -> float:
        """The share, from 0 to 1."""
        return self.failed / self.finished if self.finished else 0.0


@dataclass(frozen=True)
class Drift:
    """Failures of the last day and of the weeks before; `is_unusual`: more than luck explains."""

    recent: Share
    usual: Share
    is_unusual: bool


@dataclass(frozen=True)
class FailureDrift:
    """The drift of all failures, and of those by the service's fault; None where nobody can tell.

    `why_not` says why not, and is empty otherwise.
    """

    failures: Drift | None
    system_errors: Drift | None
    why_not: str


def failure_drift(session: Session, *, actor: Actor, service_ref: str) -> FailureDrift:
    """Hold a service's failures of the last day against those of the weeks before."""
    require(actor, "service:read")
    pace = paces(session, actor=actor, service_refs=[service_ref]).get(service_ref)
    if pace is None or pace.executor_errors is None or pace.system_errors is None:
        return FailureDrift(None, None, "The service does not report its failures.")
    return _drift(pace, *_usual(session, service_ref, now() - WINDOW))


def _drift(pace: Pace, finished: int, executor_errors: int, system_errors: int) -> FailureDrift:
    if pace.finished < LEAST_RECENT or finished < LEAST_USUAL:
        return FailureDrift(
            None,
            None,
            f"Not enough data: {pace.finished} runs finished in 24 h ({LEAST_RECENT} are needed) "
            f"and {finished} in the four weeks before ({LEAST_USUAL} are needed).",
        )
    by_service = pace.system_errors or 0
    failed = (pace.executor_errors or 0) + by_service
    return FailureDrift(
        failures=_held_against(
            Share(failed, pace.finished), Share(executor_errors + system_errors, finished)
        ),
        system_errors=_held_against(
            Share(by_service, pace.finished), Share(system_errors, finished)
        ),
        why_not="",
    )


def _held_against(recent: Share, usual: Share) -> Drift:
    return Drift(recent, usual, is_unusual=luck_of(recent, usual) < LUCK)


def luck_of(recent: Share, usual: Share) -> float:
    """How likely so many of the failures fall into the recent runs if they fall anywhere alike.

    Fisher's exact test, one-sided: the chance that of all failures, dealt to all runs at random,
    at least `recent.failed` come to the recent ones.
    """
    runs, failures = recent.finished + usual.finished, recent.failed + usual.failed
    most = min(failures, recent.finished)
    all_ways = _log_ways(runs, failures)
    return sum(
        exp(
            _log_ways(recent.finished, here) + _log_ways(usual.finished, failures - here) - all_ways
        )
        for here in range(max(recent.failed, failures - usual.finished), most + 1)
    )


def _log_ways(runs: int, chosen: int) -> float:
    """The logarithm of the ways to choose so many of the runs: the numbers themselves are huge."""
    return lgamma(runs + 1) - lgamma(chosen + 1) - lgamma(runs - chosen + 1)


def _usual(session: Session, service_ref: str, until: datetime) -> tuple[int, int, int]:
    """Finished runs and both kinds of failures in the weeks before, from the hours' roll-ups."""
    sums = session.exec(
        select(
            func.coalesce(func.sum(HealthHour.finished), 0),
            func.coalesce(func.sum(HealthHour.executor_errors), 0),
            func.coalesce(func.sum(HealthHour.system_errors), 0),
        )
        .join(ImputationService, col(ImputationService.id) == HealthHour.service_id)
        .where(
            ImputationService.ref == service_ref,
            col(HealthHour.starts_at) >= until - USUAL,
            col(HealthHour.starts_at) < until - timedelta(hours=1),
            col(HealthHour.executor_errors).is_not(None),
        )
    ).one()
    return int(sums[0] or 0), int(sums[1] or 0), int(sums[2] or 0)

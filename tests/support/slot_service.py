"""A service with slots, in memory: how many runs one credential may have there, and no more.

It speaks no protocol: `SlotService.connector` is a connector, and keeps the connector's contract.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlmodel import select

from app.connectors.base import CancelOutcome, RunState, RunStatus
from app.connectors.errors import NotAuthorised, SlotsFull, Unreachable, Unsupported
from app.connectors.run_request import RunRequest
from app.connectors.run_stages import RunStage
from app.domain import credentials
from app.domain.access import Actor
from models import db
from models.base import now
from models.jobs import Job, JobQueueEntry
from models.registry import ImputationService, ReferencePanel
from tests.support.submitting import actor
from tests.support.working import add_panel

API_TYPE = "slots"


@dataclass
class SlotService:
    """What the service has and was asked.

    `runs` are the ones that have not ended, by their job and with their credential; `by_hand` is
    how many a credential has besides. `taken` are the jobs in the order in which they came.
    """

    slots: int
    runs: dict[str, str] = field(default_factory=dict)
    taken: list[str] = field(default_factory=list)
    by_hand: Counter[str] = field(default_factory=Counter)
    refusals: int = 0
    loses_answers: bool = False

    def count(self, token: str) -> int:
        """How many runs a credential has now."""
        return self.by_hand[token] + sum(one == token for one in self.runs.values())

    def connector(self, client: object, endpoint: Any) -> "StandIn":
        """A connector to this service."""
        return StandIn(self, endpoint.token)


class StandIn:
    """The connector. A run that the service has no more was ended there; others' are not shown."""

    def __init__(self, service: SlotService, token: str) -> None:
        self._service, self._token = service, token

    async def submit(self, request: RunRequest) -> str:
        service = self._service
        if service.count(self._token) >= service.slots:
            service.refusals += 1
            raise SlotsFull(f"Only {service.slots} jobs per user can be executed simultaneously.")
        service.runs[request.job_ref] = self._token
        service.taken.append(request.job_ref)
        if service.loses_answers:
            raise Unreachable("Cut off.", may_have_arrived=True)
        return request.job_ref

    async def find(self, job_ref: str) -> str | None:
        return job_ref if self._service.runs.get(job_ref) == self._token else None

    async def status(self, remote_ids: Sequence[str]) -> Mapping[str, RunStatus]:
        runs = self._service.runs
        if any(runs.get(one, self._token) != self._token for one in remote_ids):
            raise NotAuthorised("Access denied.")
        states = {
            one: RunState.RUNNING if one in runs else RunState.CANCELLED for one in remote_ids
        }
        return {one: RunStatus(one, state, str(state).upper()) for one, state in states.items()}

    async def stages(self, remote_id: str) -> Sequence[RunStage]:
        raise Unsupported("It tells no stages.")

    async def cancel(self, remote_id: str) -> CancelOutcome:
        self._service.runs.pop(remote_id, None)
        return CancelOutcome.ACCEPTED

    async def check_authorised(self) -> None:
        pass


def add_slot_panel(slots: int | None) -> str:
    """Add a panel of a service with slots, as its registry knows them; return the panel's ref."""
    panel_ref = add_panel("http://slots.invalid")
    with db.session(db.REGISTRY) as session:
        service = session.exec(select(ImputationService)).one()
        service.api_type = API_TYPE
        service.limits = {"max_concurrent_jobs": slots} if slots else {}
        session.add(service)
    return panel_ref


def service_ref() -> str:
    """The ref of the only service."""
    with db.session(db.REGISTRY) as session:
        return session.exec(select(ImputationService.ref).join(ReferencePanel)).one()


def give_token(owner: Actor, token: str, *, shared: bool = False) -> None:
    """Store a token for the only service."""
    if shared:
        owner = actor("Grace", "administrator")
    with db.session(db.USERS) as session:
        credentials.set_token(
            session, actor=owner, service_ref=service_ref(), token=token, shared=shared
        )


def stored(ref: str) -> Job:
    """A job's row as it is now."""
    with db.session(db.JOBS) as session:
        return session.exec(select(Job).where(Job.ref == ref)).one()


def look_at_runs() -> None:
    """Let the time until the next look at every run pass; jobs that wait go on sleeping."""
    with db.session(db.JOBS) as session:
        entries = select(JobQueueEntry).join(Job).where(Job.status != "queued")
        for entry in session.exec(entries):
            entry.next_action_at = now()
            session.add(entry)

"""Following runs: one look at many runs of a service at once, and asking services to cancel."""

import asyncio
from collections.abc import Sequence

import httpx
import structlog

from app.config import settings
from app.connectors.base import CancelOutcome, Connector, RunState, RunStatus
from app.connectors.client import open_client
from app.connectors.errors import (
    Busy,
    ConnectorError,
    NotAuthorised,
    Rejected,
    UnknownRun,
    Unsupported,
)
from app.domain import job_offers, job_outcomes
from app.domain.job_queue import Claim, poll_delay
from app.domain.job_states import JobStatus
from workers import contact
from workers.endpoints import connector_of
from workers.learning import learn_from_cancel
from workers.leases import claim, kept, record, surviving, together
from workers.restarts import start_again
from workers.stages import with_stages

AT_ONCE = 100
# A job that was given up is looked at too, rarely, as long as its run may go on.
FOLLOWED = (JobStatus.SUBMITTED, JobStatus.RUNNING, JobStatus.CANCELLING, JobStatus.LOST)

log = structlog.get_logger(__name__)

# Services that this process is asking now: a slow one must not gather a crowd.
_busy: set[str] = set()
_claiming = asyncio.Lock()


async def follow() -> bool:
    """Look at the runs that are due; false if none was.

    A service that hangs holds up no other one.
    """
    async with _claiming:
        claims = await claim(FOLLOWED, limit=AT_ONCE, busy_services=tuple(_busy))
        by_service: dict[str, list[Claim]] = {}
        for claimed in claims:
            by_service.setdefault(claimed.service_ref, []).append(claimed)
        _busy.update(by_service)
    if not claims:
        return False
    timeout = settings().request_timeout_seconds
    async with open_client(request_timeout=timeout) as client, kept(claims):
        await together(_follow(client, *group) for group in by_service.items())
    return True


async def _follow(client: httpx.AsyncClient, service_ref: str, claims: Sequence[Claim]) -> None:
    try:
        by_token: dict[tuple[str, bool], list[Claim]] = {}
        for claimed in claims:
            token = claimed.owner_ref, claimed.was_sent_shared
            by_token.setdefault(token, []).append(claimed)
        # Each owner may have an own token, which sees only that owner's runs.
        for own in by_token.values():
            await _follow_own(client, own)
    finally:
        _busy.discard(service_ref)


async def _follow_own(client: httpx.AsyncClient, claims: Sequence[Claim]) -> None:
    connector = await connector_of(client, *claims)
    if connector is None:
        return
    for claimed in claims:
        if claimed.must_cancel:
            async with surviving(claimed):
                await _cancel(connector, claimed)
    looked_at = [claimed for claimed in claims if not claimed.must_cancel]
    if looked_at:
        await _look(connector, looked_at)


async def _look(connector: Connector, claims: Sequence[Claim]) -> None:
    try:
        states = await connector.status([claimed.remote_id for claimed in claims])
    except ConnectorError as error:
        for claimed in claims:
            async with surviving(claimed):
                await _not_answered(claimed, error)
        await contact.failed(connector, claims, error)
        return
    await contact.heard(claims)
    states = await with_stages(connector, claims, states)
    poll = settings().poll_interval_seconds
    for claimed in claims:
        async with surviving(claimed):
            status = states.get(claimed.remote_id)
            if claimed.status is JobStatus.LOST:
                await record(job_offers.looked_at, claimed, status=status)
            elif status is None:
                await record(job_outcomes.unknown_there, claimed, poll=poll_delay(poll))
            elif status.state is RunState.INTERRUPTED:
                await _start_again(connector, claimed, status)
            elif not status.raw_state:
                # The service answered, but could not tell about this one run.
                await record(job_outcomes.no_contact, claimed, reason=status.message)
            else:
                decided = await record(
                    job_outcomes.seen, claimed, status=status, poll=poll_delay(poll)
                )
                await learn_from_cancel(claimed, decided, status)


async def _start_again(connector: Connector, claimed: Claim, status: RunStatus) -> None:
    try:
        await start_again(connector, claimed, status)
    except ConnectorError as error:
        await _not_answered(claimed, error)
        await contact.failed(connector, [claimed], error)


async def _cancel(connector: Connector, claimed: Claim) -> None:
    poll = settings().poll_interval_seconds
    message = ""
    try:
        outcome = await connector.cancel(claimed.remote_id)
    except (Rejected, Unsupported) as error:
        outcome, message = CancelOutcome.REFUSED, str(error)
    except ConnectorError as error:
        await _not_answered(claimed, error)
        await contact.failed(connector, [claimed], error)
        return
    await contact.heard([claimed])
    if outcome is CancelOutcome.IGNORED:
        message = "It is known to accept cancels and to go on."
    await record(job_outcomes.cancel_answered, claimed, outcome=outcome, poll=poll, message=message)


async def _not_answered(claimed: Claim, error: ConnectorError) -> None:
    if claimed.status is JobStatus.LOST:
        await record(job_offers.looked_at, claimed, status=None)
    elif isinstance(error, NotAuthorised):
        await record(job_outcomes.not_authorised, claimed, reason=str(error))
    elif isinstance(error, UnknownRun):
        await record(job_outcomes.unknown_there, claimed, poll=settings().poll_interval_seconds)
    else:
        wish = error.retry_after if isinstance(error, Busy) else None
        await record(job_outcomes.no_contact, claimed, reason=str(error), retry_after=wish)

"""Sending jobs to their services, once each, whatever happens in between.

The job is `submitting` in the database before the request leaves. A job that is found so by a claim
was left by a worker that died or by an answer that was lost: it is looked for, not sent.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

import httpx

from app.config import settings
from app.connectors.base import Connector
from app.connectors.client import open_client
from app.connectors.errors import Busy, ConnectorError, NotAuthorised, SlotsFull, Unsupported
from app.connectors.run_request import RunRequest
from app.domain import job_answers, job_outcomes, job_sending, probe_schedule
from app.domain.access import WORKER as ACTOR
from app.domain.archive_passwords import KeyLost
from app.domain.errors import PlatformError
from app.domain.files import dataset_inputs
from app.domain.job_queue import Claim, poll_delay
from app.domain.job_slots import Slot
from app.domain.job_states import JobStatus
from app.domain.run_requests import plan_of, run_request
from models import db
from models.threads import call
from workers import contact
from workers.adopt import verify
from workers.endpoints import connector_of, has_other_account, slot_of
from workers.leases import claim, kept, record, surviving, together

AT_ONCE = 4
OTHER_ACCOUNT = (
    "the token with which it was sent is not here any more, and another account does not see its "
    "runs. Enter that token again, or look there yourself."
)


async def send() -> bool:
    """Take jobs that are not at their service yet a step further; false if there was none."""
    claims = await claim((JobStatus.WAITING, JobStatus.QUEUED, JobStatus.SUBMITTING), limit=AT_ONCE)
    if not claims:
        return False
    await _look_at_services(claims)
    timeout = settings().request_timeout_seconds
    async with open_client(request_timeout=timeout) as client, kept(claims):
        await together(_advance(client, claimed) for claimed in claims)
    return True


async def _look_at_services(claims: Sequence[Claim]) -> None:
    """Have services probed that jobs go to, where what is known of them is old; waits for none."""
    refs = sorted({one.service_ref for one in claims if one.status is JobStatus.QUEUED})
    if refs:
        with suppress(*db.UNAVAILABLE):
            await call(db.REGISTRY, probe_schedule.refresh, service_refs=refs, caller="system")


async def _advance(client: httpx.AsyncClient, claimed: Claim) -> None:
    async with surviving(claimed):
        if claimed.status is JobStatus.SUBMITTING:
            await _settle(client, claimed)
            return
        try:
            request = await _request(claimed)
        except KeyLost as error:
            await record(
                job_outcomes.held, claimed, held_reason="key_lost", explanation=error.message
            )
            return
        except PlatformError as error:
            await record(job_outcomes.failed, claimed, reason=error.message)
            return
        if claimed.status is JobStatus.WAITING:
            await record(job_outcomes.prepared, claimed, slot=await _slot(claimed))
            return
        connector = await connector_of(client, claimed)
        if connector and await record(job_sending.sending, claimed, slot=await slot_of(claimed)):
            await _send(connector, claimed, request)


async def _settle(client: httpx.AsyncClient, claimed: Claim) -> None:
    """Find out whether the service took a run, or ask its owner where nobody here could see it."""
    if await has_other_account(claimed):
        await record(job_answers.cannot_be_found, claimed, reason=OTHER_ACCOUNT)
        return
    connector = await connector_of(client, claimed)
    if connector:
        await _look_for(connector, claimed)


async def _send(connector: Connector, claimed: Claim, request: RunRequest) -> None:
    try:
        remote_id = await connector.submit(request)
    except ConnectorError as error:
        await _not_taken(claimed, error)
        await contact.failed(connector, [claimed], error)
    else:
        await _sent(claimed, remote_id, was_found=False)
        await contact.heard([claimed])


async def _not_taken(claimed: Claim, error: ConnectorError) -> None:
    if isinstance(error, SlotsFull):
        await record(
            job_sending.slots_full, claimed, reason=str(error), retry_after=error.retry_after
        )
    elif isinstance(error, Busy):
        await record(
            job_outcomes.not_sent,
            claimed,
            reason=str(error),
            retry_after=error.retry_after,
            was_heard=True,
        )
    elif isinstance(error, NotAuthorised):
        await record(job_outcomes.not_authorised, claimed, reason=str(error))
    elif error.may_have_arrived:
        await record(job_outcomes.answer_lost, claimed, reason=str(error))
    elif error.can_retry:
        await record(job_outcomes.not_sent, claimed, reason=str(error))
    else:
        await record(job_outcomes.failed, claimed, reason=str(error))


async def _look_for(connector: Connector, claimed: Claim) -> None:
    if claimed.remote_id:
        await verify(connector, claimed)
        return
    try:
        remote_id = await connector.find(claimed.job_ref)
    except ConnectorError as error:
        await _not_looked_for(claimed, error)
        await contact.failed(connector, [claimed], error)
        return
    if remote_id is None:
        await record(job_outcomes.not_found, claimed)
    else:
        await _sent(claimed, remote_id, was_found=True)
    await contact.heard([claimed])


async def _not_looked_for(claimed: Claim, error: ConnectorError) -> None:
    if isinstance(error, Unsupported):
        await record(job_answers.cannot_be_found, claimed, reason=str(error))
    elif isinstance(error, NotAuthorised):
        await record(
            job_outcomes.held, claimed, held_reason="not_authorised", explanation=str(error)
        )
    else:
        wish = error.retry_after if isinstance(error, Busy) else None
        await record(job_outcomes.no_contact, claimed, reason=str(error), retry_after=wish)


async def _sent(claimed: Claim, remote_id: str, *, was_found: bool) -> None:
    # The first look comes soon: short runs are over in seconds.
    first_look = poll_delay(min(2.0, settings().poll_interval_seconds))
    await record(
        job_outcomes.sent, claimed, remote_id=remote_id, was_found=was_found, poll=first_look
    )


async def _slot(claimed: Claim) -> Slot | None:
    """Which slot a job will need, where that can be told now: it matters when it is sent."""
    with suppress(db.Away, PlatformError):
        return await slot_of(claimed)
    return None


async def _request(claimed: Claim) -> RunRequest:
    plan = await call(db.JOBS, plan_of, job_ref=claimed.job_ref)
    inputs = await call(db.FILES, dataset_inputs, actor=ACTOR, dataset_ref=plan.dataset_ref)
    return await asyncio.to_thread(run_request, plan, inputs)

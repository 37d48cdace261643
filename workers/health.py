"""Probing services: which are due, what they answer, and what that means."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress

import httpx
import structlog

from app.config import settings
from app.connectors import CONNECTORS
from app.connectors.base import (
    Connector,
    ConnectorError,
    Endpoint,
    NotAuthorised,
    ServiceFacts,
    Unsupported,
)
from app.connectors.client import open_client
from app.domain import health, service_contacts
from app.domain.credentials import token_of
from app.domain.errors import Refused
from app.domain.health import DueProbe, Finding, Health
from models import db
from models.threads import call

CONCURRENT_PROBES = 16

log = structlog.get_logger(__name__)


async def sweep() -> None:
    """Probe every service that is due, at most `CONCURRENT_PROBES` at a time.

    Each probe has its own time limit and writes its own row when it ends, so that a slow service
    delays no other's. Sweeps may overlap, in one worker or in many: each service is probed once.
    """
    first = await call(db.REGISTRY, health.claim_due, limit=CONCURRENT_PROBES)
    if not first:
        return
    limit = settings().probe_timeout_seconds
    async with open_client(request_timeout=limit) as client, asyncio.TaskGroup() as group:
        for due in first:
            group.create_task(_probe_and_go_on(client, due))


async def _probe_and_go_on(client: httpx.AsyncClient, due: DueProbe) -> None:
    waiting: Sequence[DueProbe] = [due]
    # Without the registry nothing can be written down; the probe is due again when it is back.
    with suppress(*db.UNAVAILABLE):
        while waiting:
            await _probe_one(client, waiting[0])
            waiting = await call(db.REGISTRY, health.claim_due, limit=1)


async def _probe_one(client: httpx.AsyncClient, due: DueProbe) -> None:
    try:
        token = await call(db.USERS, token_of, service_ref=due.service_ref, base_url=due.base_url)
    except db.UNAVAILABLE:
        # Whether the service wants a token is not known now, and a refusal would say nothing.
        await call(db.REGISTRY, health.put_off, service_ref=due.service_ref)
        return
    except Refused as error:
        finding = Finding(Health.AUTHORISATION_NEEDED, message=error.message)
    else:
        verified = due.verified
        endpoint = Endpoint(
            due.base_url, token, due.api_config, verified.features, verified.software
        )
        finding = await examine(client, due, endpoint)
    await call(db.REGISTRY, health.record, service_ref=due.service_ref, finding=finding)
    if finding.health is Health.UP:
        await _end_lost_contact(due.service_ref)


async def examine(client: httpx.AsyncClient, due: DueProbe, endpoint: Endpoint) -> Finding:
    """Probe one service and judge its answer. Never raises."""
    limit = settings().probe_timeout_seconds
    try:
        async with asyncio.timeout(limit):
            return await _probe(CONNECTORS[due.api_type](client, endpoint))
    except TimeoutError:
        return Finding(
            Health.DOWN, message=f"The service gave no complete answer within {limit:g} s."
        )
    except Exception:
        # One service's surprise must not end the sweep of the others.
        log.exception("probe failed", service_ref=due.service_ref)
        return Finding(
            Health.UNKNOWN,
            message="The platform itself failed while checking this service; its log says why.",
        )


async def _probe(connector: Connector) -> Finding:
    started = time.perf_counter()
    try:
        facts = await connector.probe()
    except ConnectorError as error:
        refused = isinstance(error, NotAuthorised)
        answered = _milliseconds_since(started) if refused else None
        state = Health.AUTHORISATION_NEEDED if refused else Health.DOWN
        return Finding(state, answered, message=str(error))
    elapsed = _milliseconds_since(started)
    try:
        await connector.check_authorised()
    except Unsupported:
        pass
    except NotAuthorised as error:
        return Finding(Health.AUTHORISATION_NEEDED, elapsed, message=str(error), facts=facts)
    except ConnectorError as error:
        return Finding(Health.DEGRADED, elapsed, message=str(error), facts=facts)
    return _answered(facts, elapsed)


def _answered(facts: ServiceFacts, elapsed: float) -> Finding:
    if facts.maintenance:
        return Finding(Health.DEGRADED, elapsed, message=facts.maintenance, facts=facts)
    return Finding(Health.UP, elapsed, facts=facts)


def _milliseconds_since(started: float) -> float:
    return round((time.perf_counter() - started) * 1000, 1)


async def _end_lost_contact(service_ref: str) -> None:
    # Jobs are another database's: without it they cannot go on anyway.
    with suppress(*db.UNAVAILABLE):
        await call(db.JOBS, service_contacts.heard_by_probe, service_ref=service_ref)

"""Probing services: which are due, what they answer, and what that means."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

import httpx
import structlog

from app.config import settings
from app.connectors import CONNECTORS
from app.connectors.base import (
    Connector,
    ConnectorError,
    Endpoint,
    NotAuthorised,
    Unreachable,
    Unsupported,
)
from app.connectors.client import open_client
from app.domain import probe_records, probe_schedule, service_contacts
from app.domain.credentials import token_of
from app.domain.errors import Refused
from app.domain.health import Finding, Health, Layer
from app.domain.probe_schedule import DueProbe
from models import db
from models.base import now
from models.threads import call

CONCURRENT_PROBES = 16

log = structlog.get_logger(__name__)


async def sweep() -> None:
    """Probe every service that is due, at most `CONCURRENT_PROBES` at a time.

    Each probe has its own time limit and writes its own row when it ends, so that a slow service
    delays no other's. Sweeps may overlap, in one worker or in many: each service is probed once.
    """
    first = await call(db.REGISTRY, probe_schedule.claim_due, limit=CONCURRENT_PROBES)
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
            waiting = await call(db.REGISTRY, probe_schedule.claim_due, limit=1)


async def _probe_one(client: httpx.AsyncClient, due: DueProbe) -> None:
    try:
        token = await call(db.USERS, token_of, service_ref=due.service_ref, base_url=due.base_url)
    except db.UNAVAILABLE:
        # Whether the service wants a token is not known now, and a refusal would say nothing.
        await call(db.REGISTRY, probe_schedule.put_off, service_refs=[due.service_ref])
        return
    except Refused as error:
        finding = Finding(
            due.service_ref,
            Health.AUTHORISATION_NEEDED,
            now(),
            message=error.message,
            layer=Layer.CREDENTIALS,
        )
    else:
        verified = due.verified
        endpoint = Endpoint(
            due.base_url, token, due.api_config, verified.features, verified.software
        )
        finding = await examine(client, due, endpoint)
    await call(db.REGISTRY, probe_records.record, findings=[finding])
    if finding.health is Health.UP:
        await _end_lost_contact(due.service_ref)


async def examine(client: httpx.AsyncClient, due: DueProbe, endpoint: Endpoint) -> Finding:
    """Probe one service and judge its answer. Never raises."""
    limit = settings().probe_timeout_seconds
    blank = Finding(due.service_ref, Health.UNKNOWN, now())
    try:
        async with asyncio.timeout(limit):
            return await _probe(CONNECTORS[due.api_type](client, endpoint), blank)
    except TimeoutError:
        text = f"The service gave no complete answer within {limit:g} s."
        return replace(blank, health=Health.DOWN, message=text, layer=Layer.REACHABLE)
    except Exception:
        # One service's surprise must not end the sweep of the others.
        log.exception("probe failed", service_ref=due.service_ref)
        text = "The platform itself failed while checking this service; its log says why."
        return replace(blank, message=text)


async def _probe(connector: Connector, blank: Finding) -> Finding:
    started = time.perf_counter()
    try:
        facts = await connector.probe()
    except NotAuthorised as error:
        elapsed = _milliseconds_since(started)
        return _refused(replace(blank, response_time_ms=elapsed), error)
    except ConnectorError as error:
        layer = Layer.REACHABLE if isinstance(error, Unreachable) else Layer.PROTOCOL
        return replace(blank, health=Health.DOWN, message=str(error), layer=layer)
    answered = replace(blank, response_time_ms=_milliseconds_since(started), facts=facts)
    try:
        await connector.check_authorised()
    except Unsupported:
        pass
    except NotAuthorised as error:
        return _refused(answered, error)
    except ConnectorError as error:
        return replace(
            answered, health=Health.DEGRADED, message=str(error), layer=Layer.CREDENTIALS
        )
    if facts.maintenance:
        return replace(answered, health=Health.MAINTENANCE, message=facts.maintenance)
    return replace(answered, health=Health.UP)


def _refused(finding: Finding, error: NotAuthorised) -> Finding:
    return replace(
        finding,
        health=Health.AUTHORISATION_NEEDED,
        message=str(error),
        layer=Layer.CREDENTIALS,
    )


def _milliseconds_since(started: float) -> float:
    return round((time.perf_counter() - started) * 1000, 1)


async def _end_lost_contact(service_ref: str) -> None:
    # Jobs are another database's: without it they cannot go on anyway.
    with suppress(*db.UNAVAILABLE):
        await call(db.JOBS, service_contacts.heard_by_probe, service_ref=service_ref)

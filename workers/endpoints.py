"""The connector with which a claimed job's service is spoken to."""

import asyncio
from collections.abc import Sequence

import httpx

from app.connectors import CONNECTORS
from app.connectors.base import Connector, Endpoint
from app.domain import job_outcomes
from app.domain.errors import PlatformError
from app.domain.job_queue import Claim
from app.domain.services import endpoint_of
from models import db
from workers.leases import record, surviving


async def connector_of(client: httpx.AsyncClient, *claims: Claim) -> Connector | None:
    """Return the connector for jobs of one owner on one service, with the owner's or shared token.

    Where there is none, the jobs are held with the reason and None is returned.
    """
    kind: type[Connector] | None = CONNECTORS.get(claims[0].api_type)
    if kind is None:
        explanation = f"This platform cannot speak “{claims[0].api_type}”. Tell an administrator."
        await _hold(claims, "no_connector", explanation)
        return None
    try:
        endpoint = await asyncio.to_thread(_endpoint, claims[0])
    except PlatformError as error:
        await _hold(claims, "credential", error.message)
        return None
    return kind(client, endpoint)


async def _hold(claims: Sequence[Claim], reason: str, explanation: str) -> None:
    for claimed in claims:
        async with surviving(claimed):
            await record(job_outcomes.held, claimed, held_reason=reason, explanation=explanation)


def _endpoint(claimed: Claim) -> Endpoint:
    with db.session(db.REGISTRY) as session:
        return endpoint_of(session, service_ref=claimed.service_ref, user_ref=claimed.owner_ref)

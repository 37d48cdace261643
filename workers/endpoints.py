"""The connector with which a claimed job's service is spoken to."""

from collections.abc import Sequence

import httpx

from app.connectors import CONNECTORS
from app.connectors.base import Connector, Endpoint
from app.domain import job_outcomes, job_waits, service_addresses, token_sending
from app.domain.errors import PlatformError
from app.domain.job_queue import Claim
from app.domain.job_slots import Slot, slot_key
from models import db
from models.threads import call
from workers.leases import record, surviving


async def connector_of(client: httpx.AsyncClient, *claims: Claim) -> Connector | None:
    """Return the connector for jobs of one owner on one service, with the owner's or shared token.

    A run is asked about with the token with which it was sent: another account may not see it.
    Where there is none, the jobs are held with the reason and None is returned; where a database of
    ours that would tell is away, they wait for it.
    """
    kind: type[Connector] | None = CONNECTORS.get(claims[0].api_type)
    if kind is None:
        explanation = f"This platform cannot speak “{claims[0].api_type}”. Tell an administrator."
        await _hold(claims, "no_connector", explanation)
        return None
    try:
        endpoint = await endpoint_of(
            claims[0].service_ref,
            claims[0].owner_ref,
            prefers_shared=claims[0].was_sent_shared,
        )
    except db.Away as error:
        for claimed in claims:
            async with surviving(claimed):
                await record(job_waits.postponed, claimed, reason=str(error))
        return None
    except PlatformError as error:
        await _hold(claims, "credential", error.message)
        return None
    return kind(client, endpoint)


async def endpoint_of(
    service_ref: str, user_ref: str = "", *, prefers_shared: bool = False
) -> Endpoint:
    """Where a service is and how to speak to it for a user, with the token decrypted.

    `prefers_shared`: see `token_sending.token_of`. Raises `NotFound`, or `Refused` where a stored
    token cannot be used.
    """
    address = await call(db.REGISTRY, service_addresses.address_of, service_ref=service_ref)
    token = await call(
        db.USERS,
        token_sending.token_of,
        service_ref=service_ref,
        base_url=address.base_url,
        user_ref=user_ref,
        prefers_shared=prefers_shared,
    )
    return Endpoint(
        base_url=address.base_url,
        token=token,
        api_config=address.api_config,
        known=address.known,
        software=address.software,
    )


async def slot_of(claimed: Claim) -> Slot:
    """Whose slots at its service a job needs, and how many those are by now."""
    place = {"service_ref": claimed.service_ref}
    address = await call(db.REGISTRY, service_addresses.address_of, **place)
    user_ref = await call(db.USERS, token_sending.sender_of, user_ref=claimed.owner_ref, **place)
    return Slot(slot_key(claimed.service_ref, user_ref), address.slots, address.is_paused)


async def has_other_account(claimed: Claim) -> bool:
    """Whether the service would be asked with another account than the run was sent with.

    That account cannot see the run, so that its not being there would say nothing.
    """
    if not (claimed.was_sent_own or claimed.was_sent_shared):
        return False
    whose = await call(
        db.USERS,
        token_sending.sender_of,
        service_ref=claimed.service_ref,
        user_ref=claimed.owner_ref,
        prefers_shared=claimed.was_sent_shared,
    )
    return bool(whose) != claimed.was_sent_own


async def _hold(claims: Sequence[Claim], reason: str, explanation: str) -> None:
    for claimed in claims:
        async with surviving(claimed):
            await record(job_outcomes.held, claimed, held_reason=reason, explanation=explanation)

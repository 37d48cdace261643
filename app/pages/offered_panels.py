"""Asking a service for its panels while an administrator waits."""

import asyncio
from collections.abc import Sequence

from app.connectors import CONNECTORS
from app.connectors.base import Endpoint
from app.connectors.client import open_client
from app.connectors.errors import ConnectorError, Unsupported
from app.connectors.offers import PanelOffer
from app.domain import service_addresses, token_sending
from app.domain.access import Actor
from app.domain.errors import Invalid
from app.domain.services import get_service
from app.states.calls import call
from models import db

REQUEST_SECONDS = 20
# A service with many applications is asked for each of them.
LONGEST_SECONDS = 60
NO_PANELS = (
    "{protocol} has no panels: a service of this kind runs workflows, and which panels it holds is "
    "not part of its protocol. Add its panels yourself, each with its recipe."
)


async def offered_panels(actor: Actor, service_ref: str) -> Sequence[PanelOffer]:
    """What the service offers now, asked with the actor's own token or the lab's.

    `Invalid` says in words why nothing was learned.
    """
    row = await call(db.REGISTRY, get_service, actor=actor, service_ref=service_ref)
    connector = CONNECTORS.get(row.api_type)
    if connector is None:
        raise Invalid(f"This platform cannot speak “{row.api_type}”.")
    address = await call(db.REGISTRY, service_addresses.address_of, service_ref=service_ref)
    token = await call(
        db.USERS,
        token_sending.token_of,
        service_ref=service_ref,
        base_url=address.base_url,
        user_ref=actor.user_ref,
    )
    endpoint = Endpoint(
        address.base_url, token, address.api_config, address.known, address.software
    )
    try:
        async with (
            asyncio.timeout(LONGEST_SECONDS),
            open_client(request_timeout=REQUEST_SECONDS) as client,
        ):
            return await connector(client, endpoint).panels()
    except Unsupported:
        raise Invalid(NO_PANELS.format(protocol=row.api_type.upper())) from None
    except ConnectorError as error:
        raise Invalid(str(error)) from None
    except TimeoutError:
        raise Invalid(
            f"{row.name} did not tell all its panels within {LONGEST_SECONDS} seconds. Try again."
        ) from None

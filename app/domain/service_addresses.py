"""Where a service is, for the code that speaks to it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session

from app.domain import conformance
from app.domain.service_lookup import service_of


@dataclass(frozen=True)
class Address:
    """Where a service is, the connector's own settings for it, and what is verified of it.

    `known` and `software` are those of `app.connectors.base.Endpoint`. `slots` are the runs that
    one account may have there at a time; None: as many as are wished. While it `is_paused`, no job
    is sent there.
    """

    base_url: str
    api_config: Mapping[str, Any]
    known: Mapping[str, bool]
    software: Mapping[str, Any]
    slots: int | None
    is_paused: bool


def address_of(session: Session, *, service_ref: str) -> Address:
    """Where a service is. For the code that speaks to services; `NotFound` without one.

    The token to speak with is in another database: `app.domain.token_sending.token_of`.
    """
    service = service_of(session, service_ref)
    verified = conformance.known(session, service=service)
    return Address(
        base_url=service.base_url,
        api_config=service.api_config,
        known=verified.features,
        software=verified.software,
        slots=service.limits.get("max_concurrent_jobs"),
        is_paused=service.submissions_paused_at is not None,
    )

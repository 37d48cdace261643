"""Telling the service's circuit breaker what came of each contact (`domain.service_contacts`).

A connector's method that returns, or raises an error of which the service was aware, is an answer.
A fetch of a result's bytes is not reported: they may be kept elsewhere, and the service has just
answered about the run.
"""

from collections.abc import Callable, Sequence
from typing import Any

import structlog

from app.connectors.base import Connector
from app.connectors.errors import Busy, ConnectorError, InvalidAnswer, ServiceFault, Unsupported
from app.domain import service_contacts
from app.domain.job_queue import Claim
from models import db
from models.threads import call

log = structlog.get_logger(__name__)


async def heard(claims: Sequence[Claim]) -> None:
    """The service answered about these jobs."""
    await _report(service_contacts.heard, claims)


async def failed(connector: Connector, claims: Sequence[Claim], error: ConnectorError) -> None:
    """A contact about these jobs ended with an error.

    A fault about one run says nothing of the others: the service is asked something else, too.
    """
    is_answer = not error.can_retry
    if isinstance(error, (ServiceFault, InvalidAnswer)):
        is_answer = await answers_otherwise(connector)
    if is_answer:
        await heard(claims)
        return
    wish = error.retry_after if isinstance(error, Busy) else None
    await _report(service_contacts.in_vain, claims, reason=str(error), retry_after=wish)


async def answers_otherwise(connector: Connector) -> bool:
    """Tell whether the service answers a question that is about no run."""
    for ask in (connector.check_authorised, connector.probe):
        try:
            await ask()
        except Unsupported:
            # It may have no list; a proxy that says 404 to everything has none either.
            continue
        except ConnectorError as error:
            return not error.can_retry
        return True
    return False


async def _report(write: Callable[..., None], claims: Sequence[Claim], **facts: Any) -> None:
    trial = next((claimed.trial for claimed in claims if claimed.trial), None)
    try:
        await call(db.JOBS, write, service_ref=claims[0].service_ref, trial=trial, **facts)
    except db.UNAVAILABLE as error:
        # The next contact tells the same.
        log.warning("a contact could not be noted", error=type(error).__name__)

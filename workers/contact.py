"""Telling the service's circuit breaker what came of each contact (`domain.service_contacts`).

A connector's method that returns, or raises an error of which the service was aware, is an answer;
so is that an account's slots there are all in use.
A fetch of a result's bytes is not reported: they may be kept elsewhere, and the service has just
answered about the run.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Protocol

import structlog

from app.connectors.base import Connector
from app.connectors.errors import (
    Busy,
    ConnectorError,
    InvalidAnswer,
    ServiceFault,
    SlotsFull,
    Unsupported,
)
from app.domain import service_contacts
from app.domain.archive_passwords import without
from app.domain.job_queue import Claim
from models import db
from models.threads import call

log = structlog.get_logger(__name__)


class Matter(Protocol):
    """What a service is spoken to about: a job, or a token. `trial`: see `service_contacts`."""

    @property
    def service_ref(self) -> str:
        """The service."""
        ...

    @property
    def trial(self) -> datetime | None:
        """The trial that it is, if it is one."""
        ...


async def heard(matters: Sequence[Matter]) -> None:
    """The service answered about these."""
    await _report(service_contacts.heard, matters)


async def failed(connector: Connector, matters: Sequence[Matter], error: ConnectorError) -> None:
    """A contact about these ended with an error.

    A fault about one says nothing of the others: the service is asked something else, too.
    """
    is_answer = not error.can_retry or isinstance(error, SlotsFull)
    if isinstance(error, (ServiceFault, InvalidAnswer)):
        is_answer = await answers_otherwise(connector)
    if is_answer:
        await heard(matters)
        return
    wish = error.retry_after if isinstance(error, Busy) else None
    await _report(service_contacts.in_vain, matters, reason=str(error), retry_after=wish)


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


async def _report(write: Callable[..., None], matters: Sequence[Matter], **facts: Any) -> None:
    trial = next((matter.trial for matter in matters if matter.trial), None)
    for matter in matters:
        if isinstance(matter, Claim):
            facts = without(matter.archive_password, facts)
    try:
        await call(db.JOBS, write, service_ref=matters[0].service_ref, trial=trial, **facts)
    except db.UNAVAILABLE as error:
        # The next contact tells the same.
        log.warning("a contact could not be noted", error=type(error).__name__)

"""Verifying the run that a person says is theirs, before the platform believes it.

The whole record of the run is asked for: wes-service answers 200 and RUNNING to any id.
"""

from app.config import settings
from app.connectors.base import Connector
from app.connectors.errors import Busy, ConnectorError, InvalidAnswer, NotAuthorised, ServiceFault
from app.domain import job_answers, job_outcomes
from app.domain.job_queue import Claim, poll_delay
from workers import contact
from workers.leases import record

# A service that fails this often in a row over one id, and otherwise answers, has no such run.
LOOKS = 3


async def verify(connector: Connector, claimed: Claim) -> None:
    """Adopt the run whose id a job's owner gave, or say why it cannot be it."""
    try:
        details = await connector.details(claimed.remote_id)
    except ConnectorError as error:
        await _not_verified(connector, claimed, error)
        await contact.failed(connector, [claimed], error)
        return
    if details.job_ref in ("", claimed.job_ref):
        poll = poll_delay(min(2.0, settings().poll_interval_seconds))
        await record(job_answers.adopted, claimed, poll=poll)
    else:
        reason = "it carries the id of another job of this platform."
        await record(job_answers.refuted, claimed, reason=reason)
    await contact.heard([claimed])


async def _not_verified(connector: Connector, claimed: Claim, error: ConnectorError) -> None:
    is_about_the_run = isinstance(error, ServiceFault | InvalidAnswer)
    has_often_failed = is_about_the_run and claimed.attempts + 1 >= LOOKS
    if isinstance(error, NotAuthorised):
        await record(
            job_outcomes.held, claimed, held_reason="not_authorised", explanation=str(error)
        )
    elif not error.can_retry or (has_often_failed and await contact.answers_otherwise(connector)):
        await record(job_answers.refuted, claimed, reason=str(error))
    else:
        wish = error.retry_after if isinstance(error, Busy) else None
        await record(job_outcomes.no_contact, claimed, reason=str(error), retry_after=wish)

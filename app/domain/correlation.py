"""What belongs to one act of a person, in the audit log and in the logs of the process."""

from dataclasses import replace

from structlog.contextvars import bind_contextvars

from app.domain.access import Actor
from models.base import new_ref


def begin_act(actor: Actor) -> Actor:
    """Give one event or request of a person a reference of its own.

    The lines that are logged in its context bear it, and so does every audit entry of the actor
    that is returned.
    """
    reference = new_ref()
    bind_contextvars(correlation_ref=reference)
    return replace(actor, correlation_ref=reference)

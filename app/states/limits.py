"""What is known to go wrong with a service, for the pages of researchers."""

from collections.abc import Sequence

from app.domain.access import Actor
from app.domain.conformance_report import Limit, known_limits
from app.states.calls import call
from models import db


async def limits_of(actor: Actor, service_refs: Sequence[str]) -> dict[str, list[Limit]]:
    """The known limits of services; none while the registry is away, which hides nothing else."""
    try:
        return await call(db.REGISTRY, known_limits, actor=actor, service_refs=service_refs)
    except db.UNAVAILABLE:
        return {}

"""Telling what has to last before it is told, and waking pages where a window opens or closes."""

from datetime import timedelta

import structlog
from sqlmodel import Session

from app.domain.incident_news import tell_later
from app.domain.maintenance import turned_between
from models import db
from models.base import now
from models.threads import call

# Longer than from turn to turn: a window's turn that is shown twice does no harm.
TURNED_WITHIN = timedelta(seconds=25)

log = structlog.get_logger(__name__)


async def watch() -> None:
    """Tell of recoveries, stability, and what was silenced; show maintenance as it turns."""
    if told := await call(db.REGISTRY, _watch):
        log.info("news of incidents", services=told)


def _watch(session: Session) -> int:
    moment = now()
    for service_ref in turned_between(session, since=moment - TURNED_WITHIN, until=moment):
        db.announce(session, "imputation_services", service_ref)
    return tell_later(session)

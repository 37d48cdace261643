"""Adding to the history of a service's changes."""

from sqlmodel import Session

from app.domain.service_description import Changes, in_words
from app.domain.service_info import storable
from models import db
from models.registry import ImputationService, ServiceEvent


def note(
    session: Session,
    service: ImputationService,
    *,
    kind: str,
    changes: Changes,
    told: str = "",
) -> None:
    """Add changes to a service's history, if there are any; `told` says them in one sentence."""
    if not changes and not told:
        return
    words = told or " ".join(in_words(changes))
    session.add(
        ServiceEvent(
            service_id=service.id or 0,
            kind=kind,
            text=storable(words),
            changes=storable(changes),
        )
    )
    db.announce(session, "imputation_services", service.ref)

"""Adding to the history of a service's changes."""

from typing import Any

from sqlmodel import Session

from app.domain.service_description import Changes, in_words
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
    kept = {name.replace("\x00", ""): _plain(value) for name, value in changes.items()}
    session.add(
        ServiceEvent(service_id=service.id or 0, kind=kind, text=_plain(words), changes=kept)
    )
    db.announce(session, "imputation_services", service.ref)


def _plain(value: Any) -> Any:
    """A value without the one character that PostgreSQL cannot hold."""
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return value.replace("\x00", "") if isinstance(value, str) else value

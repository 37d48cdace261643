"""Writing down that somebody did something to a service, and telling the pages that show it."""

from collections.abc import Mapping
from typing import Any

from sqlmodel import Session

from app.domain.access import Actor
from app.domain.outbox import emit_audit
from models import db
from models.registry import ImputationService, RegistryOutbox


def audit_service(
    session: Session,
    *,
    actor: Actor,
    action: str,
    service: ImputationService,
    reason: str = "",
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """Write it down in the registry's outbox. `before` and `after` must hold no secret."""
    emit_audit(
        session,
        RegistryOutbox,
        actor=actor,
        action=action,
        target_type="service",
        target_ref=service.ref,
        target_name=service.name,
        reason=reason,
        before=before,
        after=after,
    )
    db.announce(session, "imputation_services", service.ref)

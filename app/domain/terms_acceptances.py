"""Who accepted which version of which terms, and when.

In `user_management_db`; the terms themselves are in the registry (`app.domain.terms`).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from app.domain.access import Actor, require, require_service
from app.domain.outbox import emit_audit
from app.domain.terms import Terms
from models import db
from models.base import now
from models.users import TermsAcceptance, UsersOutbox


@dataclass(frozen=True)
class AcceptanceRow:
    """An acceptance. `title` says whose terms they were; the names are those of then."""

    title: str
    version: int
    panel_ref: str
    user_name: str
    client_address: str
    accepted_at: datetime


def accept(session: Session, *, actor: Actor, terms: Sequence[Terms]) -> None:
    """The actor accepts these versions; one that the actor accepted before stays as it was."""
    require(actor, "job:submit")
    for one in terms:
        added = session.connection().execute(
            insert(TermsAcceptance)
            .values(
                terms_ref=one.ref,
                version=one.version,
                service_ref=one.service_ref,
                panel_ref=one.panel_ref,
                title=one.title,
                user_ref=actor.user_ref,
                user_name=actor.name,
                client_address=actor.client_address,
                accepted_at=now(),
            )
            .on_conflict_do_nothing(index_elements=["terms_ref", "user_ref"])
            .returning(col(TermsAcceptance.id))
        )
        if added.scalar() is not None:
            emit_audit(
                session,
                UsersOutbox,
                actor=actor,
                action="terms.accept",
                target_type="panel" if one.panel_ref else "service",
                target_ref=one.panel_ref or one.service_ref,
                target_name=one.title,
                after={"version": one.version},
            )
            db.announce(session, "terms_acceptances", one.service_ref)


def accepted(session: Session, *, actor: Actor, terms_refs: Collection[str]) -> dict[str, datetime]:
    """Which of these versions the actor accepted, by their refs, and when."""
    require(actor, "service:read")
    return accepted_by(session, user_ref=actor.user_ref, terms_refs=terms_refs)


def accepted_by(
    session: Session, *, user_ref: str, terms_refs: Collection[str]
) -> dict[str, datetime]:
    """What `accepted` tells of anybody, for a caller who has been authorised."""
    rows = session.exec(
        select(TermsAcceptance.terms_ref, TermsAcceptance.accepted_at).where(
            TermsAcceptance.user_ref == user_ref,
            col(TermsAcceptance.terms_ref).in_(terms_refs),
        )
    )
    return dict(rows.all())


def acceptances(
    session: Session, *, actor: Actor, service_ref: str, limit: int | None = None
) -> list[AcceptanceRow]:
    """Who accepted which version of the terms of a service and its panels, the newest first."""
    require_service(actor, "service:write", service_ref)
    rows = session.exec(
        select(TermsAcceptance)
        .where(TermsAcceptance.service_ref == service_ref)
        .order_by(col(TermsAcceptance.accepted_at).desc(), col(TermsAcceptance.id).desc())
        .limit(limit)
    )
    return [
        AcceptanceRow(
            title=row.title,
            version=row.version,
            panel_ref=row.panel_ref,
            user_name=row.user_name,
            client_address=row.client_address,
            accepted_at=row.accepted_at,
        )
        for row in rows
    ]

"""The terms of services and panels: which are in force, and the versions that they had.

A service and each of its panels have terms of their own, as a text, a link, or both. Who submits
must have accepted the current version of each (`app.domain.terms_acceptances`).
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, func, or_, select

from app.domain.access import Actor, require, require_service
from app.domain.errors import Invalid, NotFound
from app.domain.outbox import emit_audit
from app.domain.service_lookup import service_of
from models import db
from models.registry import ImputationService, ReferencePanel, RegistryOutbox, ServiceTerms

MAX_CHARACTERS = 20_000


@dataclass(frozen=True)
class Terms:
    """One version of the terms of a service, or of a panel of it (`panel_ref` is not empty).

    It ends the terms where it has neither text nor link.
    """

    ref: str
    version: int
    service_ref: str
    service_name: str
    panel_ref: str
    panel_name: str
    text: str
    url: str
    created_at: datetime
    created_by_name: str

    @property
    def title(self) -> str:
        """Whose terms they are."""
        return f"{self.panel_name} at {self.service_name}" if self.panel_ref else self.service_name

    @property
    def wording(self) -> tuple[str, str, str]:
        """What is agreed to, and with which service: the same for panels with the same terms."""
        return self.service_ref, self.text, self.url

    @property
    def is_in_force(self) -> bool:
        """Whether there is anything to accept."""
        return bool(self.text or self.url)


def current_terms(session: Session, *, actor: Actor, service_ref: str) -> list[Terms]:
    """The terms in force of a service and of its panels, the service's own first."""
    require(actor, "service:read")
    service_of(session, service_ref)
    return _in_force(session, col(ImputationService.ref) == service_ref)


def terms_of_panels(
    session: Session, *, actor: Actor, panel_refs: Collection[str]
) -> dict[str, list[Terms]]:
    """What whoever submits to these panels must have accepted: theirs, and their services'."""
    require(actor, "service:read")
    services = dict(
        session.exec(
            select(ReferencePanel.ref, ImputationService.ref)
            .join(ImputationService, col(ImputationService.id) == ReferencePanel.service_id)
            .where(col(ReferencePanel.ref).in_(panel_refs))
        ).all()
    )
    found = _in_force(session, col(ImputationService.ref).in_(set(services.values())))
    return {
        panel_ref: [
            one
            for one in found
            if one.service_ref == service_ref and one.panel_ref in ("", panel_ref)
        ]
        for panel_ref, service_ref in services.items()
    }


def history(session: Session, *, actor: Actor, service_ref: str) -> list[Terms]:
    """Every version of the terms of a service and of its panels, the newest first."""
    require(actor, "service:read")
    service_of(session, service_ref)
    return _read(session, col(ImputationService.ref) == service_ref)


def set_terms(
    session: Session,
    *,
    actor: Actor,
    service_ref: str,
    panel_ref: str = "",
    text: str = "",
    url: str = "",
) -> Terms | None:
    """Make the next version of a service's or panel's terms; without text and link they end.

    None where nothing changes: an unchanged text is not asked for again.
    """
    require_service(actor, "service:write", service_ref)
    text, url = text.replace("\x00", "").strip(), _checked_url(url)
    if len(text) > MAX_CHARACTERS:
        raise Invalid(
            f"Terms have at most {MAX_CHARACTERS:,} characters. Give a link to longer ones.",
            field="text",
        )
    # Two that are saved at once must not become the same version.
    service = service_of(session, service_ref, lock=True)
    panel = _panel(session, service, panel_ref) if panel_ref else None
    last = session.exec(
        select(ServiceTerms)
        .where(
            ServiceTerms.service_id == service.id,
            col(ServiceTerms.panel_id).is_not_distinct_from(panel.id if panel else None),
        )
        .order_by(col(ServiceTerms.version).desc())
    ).first()
    if (text, url) == ((last.text, last.url) if last else ("", "")):
        return None
    row = ServiceTerms(
        service_id=service.id or 0,
        panel_id=panel.id if panel else None,
        version=last.version + 1 if last else 1,
        text=text,
        url=url,
        created_by_ref=actor.user_ref,
        created_by_name=actor.name,
    )
    session.add(row)
    session.flush()
    terms = _terms(row, service, panel)
    emit_audit(
        session,
        RegistryOutbox,
        actor=actor,
        action="terms.change" if terms.is_in_force else "terms.end",
        target_type="panel" if panel else "service",
        target_ref=panel.ref if panel else service.ref,
        target_name=terms.title,
        before={"version": last.version, "text": last.text, "url": last.url} if last else None,
        after={"version": row.version, "text": text, "url": url},
    )
    db.announce(session, "imputation_services", service.ref)
    return terms


def _checked_url(url: str) -> str:
    url = url.strip()
    if not url:
        return ""
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    if len(url) > 500 or parts.scheme not in ("http", "https") or not parts.hostname:
        raise Invalid("Enter the whole link, such as https://example.org/terms.", field="url")
    return url


def _panel(session: Session, service: ImputationService, panel_ref: str) -> ReferencePanel:
    panel = session.exec(
        select(ReferencePanel).where(
            ReferencePanel.ref == panel_ref, ReferencePanel.service_id == service.id
        )
    ).first()
    if panel is None:
        raise NotFound("panel")
    return panel


def _in_force(session: Session, condition: ColumnElement[bool]) -> list[Terms]:
    newest = (
        select(ServiceTerms.service_id, ServiceTerms.panel_id, func.max(ServiceTerms.version))
        .group_by(col(ServiceTerms.service_id), col(ServiceTerms.panel_id))
        .subquery()
    )
    is_newest = (
        select(newest.c.service_id)
        .where(
            newest.c.service_id == ServiceTerms.service_id,
            newest.c.panel_id.is_not_distinct_from(ServiceTerms.panel_id),
            newest.c.max == ServiceTerms.version,
        )
        .exists()
    )
    says_something = or_(col(ServiceTerms.text) != "", col(ServiceTerms.url) != "")
    return _read(session, condition, is_newest, says_something)


def _read(session: Session, *conditions: ColumnElement[bool]) -> list[Terms]:
    rows = session.exec(
        select(ServiceTerms, ImputationService, ReferencePanel)
        .join(ImputationService, col(ImputationService.id) == ServiceTerms.service_id)
        .outerjoin(ReferencePanel, col(ReferencePanel.id) == ServiceTerms.panel_id)
        .where(*conditions)
        .order_by(
            func.lower(func.coalesce(ReferencePanel.name, "")),
            col(ReferencePanel.id).nulls_first(),
            col(ServiceTerms.version).desc(),
        )
    )
    return [_terms(row, service, panel) for row, service, panel in rows]


def _terms(row: ServiceTerms, service: ImputationService, panel: ReferencePanel | None) -> Terms:
    return Terms(
        ref=row.ref,
        version=row.version,
        service_ref=service.ref,
        service_name=service.name,
        panel_ref=panel.ref if panel else "",
        panel_name=panel.name if panel else "",
        text=row.text,
        url=row.url,
        created_at=row.created_at,
        created_by_name=row.created_by_name,
    )

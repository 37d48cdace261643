"""The certificate that each service showed last, and that it shows another one now."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import update
from sqlmodel import Session, col, select

from app.domain.health import Finding
from app.domain.service_description import Changes
from app.domain.service_events import note
from models.health import ServiceCheck
from models.registry import ImputationService

# The facts of `app.connectors.certificates.Certificate` in which one differs from another.
TITLES: Mapping[str, str] = {
    "expires_at": "Valid until",
    "issuer": "Issued by",
    "subject_names": "For",
    "fingerprint": "Fingerprint",
}
# So many characters of these tell one from another.
SHORT: Mapping[str, int] = {"expires_at": 10, "fingerprint": 16}


def follow(session: Session, findings: Sequence[Finding]) -> None:
    """Keep the certificates that were looked at; another one than before is a change."""
    seen = {
        finding.service_ref: finding.certificate
        for finding in sorted(findings, key=lambda finding: finding.checked_at)
        if finding.certificate
    }
    if not seen:
        return
    rows = session.exec(
        select(ImputationService.ref, ServiceCheck.certificate)
        .join(ServiceCheck, col(ServiceCheck.service_id) == ImputationService.id)
        .where(col(ImputationService.ref).in_(seen))
        .order_by(col(ImputationService.ref))
    )
    for ref, before in rows.all():
        if dict(before) != dict(seen[ref]):
            _keep(session, ref, before, seen[ref])


def forget(session: Session, *, service: ImputationService) -> None:
    """Begin anew, because the service's address was changed."""
    session.connection().execute(
        update(ServiceCheck)
        .where(col(ServiceCheck.service_id) == service.id)
        .values(certificate={}, certificate_expires_at=None)
    )


def _keep(session: Session, ref: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    service = session.exec(select(ImputationService).where(ImputationService.ref == ref)).one()
    session.connection().execute(
        update(ServiceCheck)
        .where(col(ServiceCheck.service_id) == service.id)
        .values(
            certificate=dict(after),
            certificate_expires_at=datetime.fromisoformat(after["expires_at"]),
        )
    )
    if before and before.get("fingerprint") != after.get("fingerprint"):
        changes: Changes = {
            title: [_shown(before.get(key), key), _shown(after.get(key), key)]
            for key, title in TITLES.items()
            if before.get(key) != after.get(key)
        }
        until = str(after["expires_at"])[:10]
        told = f"Another certificate is in use: valid until {until}, from {after['issuer']}."
        note(session, service, kind="certificate", changes=changes, told=told)


def _shown(value: Any, key: str) -> Any:
    """A fact as people compare it: a day, the beginning of a fingerprint."""
    if key in SHORT and isinstance(value, str):
        return value[: SHORT[key]]
    return value

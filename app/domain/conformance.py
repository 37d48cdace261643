"""What is known of each service's conformance: keeping it, and when it stops being true.

A verdict holds for the software that the service ran when it was found. When a probe shows other
software at the same address, everything that was known is out of date: it is still shown, but
nobody relies on it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import func
from sqlmodel import Session, col, select

from app.connectors.base import ServiceFacts
from app.connectors.conformance import (
    FEATURES,
    Feature,
    How,
    Observation,
    Verdict,
    observation,
    software_of,
    software_text,
)
from app.domain.outbox import emit
from app.domain.service_info import storable
from app.domain.service_lookup import service_of
from models import db
from models.base import now
from models.registry import ImputationService, RegistryOutbox, ServiceEvent, ServiceFeature

# What real jobs prove again and again is not written again and again.
SEEN_AGAIN_AFTER = timedelta(hours=1)
WORDS = {
    Verdict.CONFORMS: "conforms",
    Verdict.DEVIATES: "deviates",
    Verdict.UNTOLD: "cannot be told",
}


@dataclass(frozen=True)
class Known:
    """What is verified of a service: feature by feature, and of which software."""

    features: Mapping[str, bool]
    software: Mapping[str, Any]


def known(session: Session, *, service: ImputationService) -> Known:
    """What may be relied on: the verdicts that were told and are not out of date."""
    rows = session.exec(
        select(ServiceFeature.feature, ServiceFeature.verdict).where(
            ServiceFeature.service_id == service.id,
            col(ServiceFeature.outdated_at).is_(None),
            ServiceFeature.verdict != Verdict.UNTOLD,
        )
    )
    return Known({name: verdict == Verdict.CONFORMS for name, verdict in rows}, service.software)


def features_of(session: Session, *, service_ids: Sequence[int]) -> dict[int, Mapping[str, bool]]:
    """What may be relied on of many services, by their ids, in one query (`Known.features`)."""
    if not service_ids:
        return {}
    is_conforming = func.jsonb_object_agg(
        ServiceFeature.feature, ServiceFeature.verdict == Verdict.CONFORMS
    )
    rows = session.exec(
        select(ServiceFeature.service_id, is_conforming)
        .where(
            col(ServiceFeature.service_id).in_(service_ids),
            col(ServiceFeature.outdated_at).is_(None),
            ServiceFeature.verdict != Verdict.UNTOLD,
        )
        .group_by(col(ServiceFeature.service_id))
    )
    return dict(rows.all())


def record(
    session: Session, *, service_ref: str, observations: Sequence[Observation], how: How
) -> None:
    """Keep what was found of a service; a verdict that changes is an event of its history."""
    service = service_of(session, service_ref, lock=True)
    for one in observations:
        _keep(session, service, one, how)
    db.announce(session, "imputation_services", service_ref)


def learned(
    session: Session, *, service_ref: str, feature: Feature, conforms: bool, evidence: str
) -> None:
    """Keep what a real job proved of a service. For the worker; cheap where it is known already."""
    row = session.exec(
        select(ServiceFeature)
        .join(ImputationService)
        .where(ImputationService.ref == service_ref, ServiceFeature.feature == feature)
    ).first()
    one = observation(feature, conforms, evidence)
    is_known = row is not None and row.verdict == one.verdict and row.outdated_at is None
    if row is not None and is_known and now() - row.checked_at < SEEN_AGAIN_AFTER:
        return
    record(session, service_ref=service_ref, observations=[one], how=How.SEEN)


def software_seen(session: Session, *, service: ImputationService, facts: ServiceFacts) -> str:
    """Compare what a probe saw with what it saw before; `service` is locked by the caller.

    Other software makes all that was known out of date, has the service read again at once, and is
    told to the administrators. Returns the change as a sentence, "" where there is none.
    """
    before, found = service.software, storable(software_of(facts))
    if before == found:
        return ""
    service.software = found
    if not before:
        return ""
    _outdate(session, service)
    service.next_conformance_at = now()
    text = f"The software changed from {software_text(before)} to {software_text(found)}."
    payload = {
        "permission": "service:write",
        "topic": "service.software",
        "title": f"{service.name} runs other software now",
        "body": f"{text} What a trial had shown of it counts no more until it is tried again.",
        "link": f"/admin/services/{service.ref}",
    }
    emit(session, RegistryOutbox, "announcement", payload)
    return text


def forget_software(session: Session, *, service: ImputationService) -> None:
    """Begin anew, because the service's address was changed."""
    service.software = {}
    service.next_conformance_at = now()
    _outdate(session, service)


def _outdate(session: Session, service: ImputationService) -> None:
    rows = session.exec(
        select(ServiceFeature).where(
            ServiceFeature.service_id == service.id, col(ServiceFeature.outdated_at).is_(None)
        )
    )
    for row in rows:
        row.outdated_at = now()
        session.add(row)


def _keep(session: Session, service: ImputationService, one: Observation, how: How) -> None:
    row = session.exec(
        select(ServiceFeature).where(
            ServiceFeature.service_id == service.id, ServiceFeature.feature == one.feature
        )
    ).first()
    if row is None:
        session.add(
            ServiceFeature(
                service_id=service.id or 0,
                feature=one.feature,
                verdict=one.verdict,
                evidence=one.evidence,
                how=how,
            )
        )
        return
    if one.verdict is Verdict.UNTOLD and row.verdict != Verdict.UNTOLD:
        return
    if one.verdict != row.verdict:
        _change(session, service, row, one)
    row.evidence, row.how, row.checked_at, row.outdated_at = one.evidence, how, now(), None
    session.add(row)


def _change(
    session: Session, service: ImputationService, row: ServiceFeature, one: Observation
) -> None:
    before = Verdict(row.verdict)
    row.verdict, row.first_seen_at = one.verdict, now()
    if before is Verdict.UNTOLD:
        return
    row.previous_verdict, row.previous_until = before, row.first_seen_at
    title = FEATURES[one.feature].title
    text = f"“{title}”: {WORDS[one.verdict]} now, {WORDS[before]} before. {one.evidence}"
    session.add(ServiceEvent(service_id=service.id or 0, kind="conformance", text=text))

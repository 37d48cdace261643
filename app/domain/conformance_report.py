"""What is known of a service's conformance, for people: the whole table, or its few limits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from app.connectors.conformance import (
    FEATURES,
    STANDARDISED,
    Feature,
    How,
    Observation,
    Verdict,
    software_text,
)
from app.domain.access import Actor, require, require_service
from app.domain.service_lookup import service_of
from models.registry import ImputationService, ServiceEvent, ServiceFeature, ServiceTrial

MOST_EVENTS = 20
RANKS = {Verdict.DEVIATES.value: 0, Verdict.CONFORMS.value: 1, Verdict.UNTOLD.value: 2}


@dataclass(frozen=True)
class FeatureRow:
    """One feature of a service, in the words of the standard and in those of the finding.

    `verdict` and `how` are those of `app.connectors.conformance`; `consequence` is empty where
    nothing follows. `is_outdated`: the service runs other software since. `previous` is the verdict
    before, if any.
    """

    feature: str
    title: str
    standard: str
    verdict: str
    evidence: str
    consequence: str
    how: str
    checked_at: datetime | None = None
    is_outdated: bool = False
    previous: str = ""
    previous_until: datetime | None = None


@dataclass(frozen=True)
class EventRow:
    """Something in the service's history."""

    at: datetime
    text: str


@dataclass(frozen=True)
class TrialRow:
    """The latest trial: who wished for it, when, how far it came, and whether it has ended."""

    requested_at: datetime
    requested_by: str
    steps: Sequence[Mapping[str, str]]
    has_started: bool
    ended_at: datetime | None


@dataclass(frozen=True)
class Report:
    """All that is known of how far a service keeps to the standard, if there is one for it."""

    features: Sequence[FeatureRow]
    events: Sequence[EventRow]
    trial: TrialRow | None
    software: str
    read_at: datetime | None
    next_at: datetime
    problem: str
    has_standard: bool


@dataclass(frozen=True)
class Limit:
    """What a deviation of a service means for researchers, and when it was last seen."""

    feature: Feature
    text: str
    checked_at: datetime


def report(session: Session, *, actor: Actor, service_ref: str) -> Report:
    """Everything that is known, for those who may change services; deviations come first."""
    require_service(actor, "service:write", service_ref)
    service = service_of(session, service_ref)
    rows = session.exec(select(ServiceFeature).where(ServiceFeature.service_id == service.id))
    known = [_row(row) for row in rows if row.feature in list(Feature)]
    return Report(
        features=sorted(known, key=_rank),
        events=_events(session, service),
        trial=_trial(session, service),
        software=software_text(service.software) if service.software else "",
        read_at=service.conformance_read_at,
        next_at=service.next_conformance_at,
        problem=service.conformance_problem,
        has_standard=service.api_type in STANDARDISED,
    )


def known_limits(
    session: Session, *, actor: Actor, service_refs: Sequence[str]
) -> dict[str, list[Limit]]:
    """What researchers should know of each service beforehand, by its ref.

    That results are no URLs is no limit where the service shares a folder with the platform.
    """
    require(actor, "service:read")
    named = [feature for feature, text in FEATURES.items() if text.limit]
    found = session.exec(
        select(ImputationService, ServiceFeature)
        .join(ServiceFeature)
        .where(
            col(ImputationService.ref).in_(service_refs),
            ServiceFeature.verdict == Verdict.DEVIATES,
            col(ServiceFeature.outdated_at).is_(None),
            col(ServiceFeature.feature).in_(named),
        )
    )
    limits: dict[str, list[Limit]] = {}
    for service, row in found:
        feature = Feature(row.feature)
        if feature is Feature.OUTPUTS and service.api_config.get("shared_folder"):
            continue
        limit = Limit(feature, FEATURES[feature].limit, row.checked_at)
        limits.setdefault(service.ref, []).append(limit)
    for one in limits.values():
        one.sort(key=lambda limit: named.index(limit.feature))
    return limits


def deviations(observations: Sequence[Observation]) -> list[FeatureRow]:
    """The rows of what was just found to deviate."""
    odd = (one for one in observations if one.verdict is Verdict.DEVIATES)
    return sorted((_found(one.feature, one.verdict, one.evidence) for one in odd), key=_rank)


def _rank(row: FeatureRow) -> tuple[int, int]:
    return RANKS[row.verdict], list(FEATURES).index(Feature(row.feature))


def _found(feature: str, verdict: str, evidence: str, how: str = How.ASKED) -> FeatureRow:
    text = FEATURES[Feature(feature)]
    return FeatureRow(
        feature=feature,
        title=text.title,
        standard=text.standard,
        verdict=verdict,
        evidence=evidence,
        consequence=text.consequence if verdict == Verdict.DEVIATES else "",
        how=how,
    )


def _row(row: ServiceFeature) -> FeatureRow:
    return replace(
        _found(row.feature, row.verdict, row.evidence, row.how),
        checked_at=row.checked_at,
        is_outdated=row.outdated_at is not None,
        previous=row.previous_verdict,
        previous_until=row.previous_until,
    )


def _events(session: Session, service: ImputationService) -> list[EventRow]:
    rows = session.exec(
        select(ServiceEvent)
        .where(ServiceEvent.service_id == service.id)
        .order_by(col(ServiceEvent.at).desc(), col(ServiceEvent.id).desc())
        .limit(MOST_EVENTS)
    )
    return [EventRow(row.at, row.text) for row in rows]


def _trial(session: Session, service: ImputationService) -> TrialRow | None:
    row = session.exec(
        select(ServiceTrial)
        .where(ServiceTrial.service_id == service.id)
        .order_by(col(ServiceTrial.id).desc())
        .limit(1)
    ).first()
    if row is None:
        return None
    steps: list[dict[str, Any]] = row.progress.get("steps", [])
    return TrialRow(
        requested_at=row.requested_at,
        requested_by=row.requested_by_name,
        steps=steps,
        has_started=row.started_at is not None,
        ended_at=row.ended_at,
    )

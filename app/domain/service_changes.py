"""What changed at a service, besides whether it is up: told as a difference, when it happens.

Its software, engines, parameters, file systems and protocols as it describes them, its panels, and
its certificate. What people decided about the service itself is in the audit log.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlmodel import Session, col, select

from app.connectors.base import ServiceFacts
from app.connectors.conformance import software_of
from app.connectors.offers import PanelOffer
from app.domain import conformance, service_certificates
from app.domain.access import Actor, require
from app.domain.health import Finding
from app.domain.panel_offers import offer_as_json
from app.domain.service_description import (
    PANELS,
    VOLATILE,
    Changes,
    compare,
    digest,
    in_words,
    panel_text,
)
from app.domain.service_events import note
from app.domain.service_info import facts_as_json, storable
from app.domain.service_lookup import service_id_of, service_of
from models.registry import ImputationService, ServiceEvent

MOST_ROWS = 200
# Before what the service itself changed of its panels, and not people of those here.
AT_SERVICE = "At the service: "
# Kinds of events that matter to whoever sends a job, and not only to whoever runs the service.
FOR_RESEARCHERS = ("software", "description", "panels", "conformance")

_FACTS = ("panel_id", "name", "population", "build", "sample_count", "variant_count", "description")
_COUNTING = [field.name for field in fields(ServiceFacts) if field.name not in VOLATILE]

_OTHERWISE = text(
    """
    SELECT seen.ref, service.described = '' AND service.software = '{}' AS is_new
    FROM unnest(CAST(:refs AS text[]), CAST(:digests AS text[])) AS seen (ref, digest)
    JOIN imputation_services AS service ON service.ref = seen.ref
    WHERE service.described <> seen.digest
    ORDER BY seen.ref
    """
)


_BEGIN = text(
    """
    UPDATE imputation_services AS service
    SET service_info = service.service_info || first.info, software = first.software,
        described = first.digest
    FROM json_to_recordset(CAST(:first AS json))
        AS first (ref text, info jsonb, software jsonb, digest text)
    WHERE service.ref = first.ref
    """
)


@dataclass(frozen=True)
class ChangeRow:
    """A change of a service: in one sentence, and part by part (empty where that says it all).

    `changes` holds what was before and is now, by name.
    """

    at: datetime
    kind: str
    text: str
    details: Sequence[str]
    changes: Mapping[str, Sequence[Any]]


def follow(session: Session, findings: Sequence[Finding]) -> None:
    """Compare what services say of themselves with what they said before, and keep it.

    For the recorder, which leaves `service_info` and `software` to this: they are written only
    where something in the description counts as changed. One statement where nothing did. The
    certificates that were looked at are kept too.
    """
    service_certificates.follow(session, findings)
    seen = {
        finding.service_ref: finding.facts
        for finding in sorted(findings, key=lambda finding: finding.checked_at)
        if finding.facts is not None
    }
    if not seen:
        return
    digests = {ref: _digest_of(facts) for ref, facts in seen.items()}
    arrays = {"refs": list(digests), "digests": list(digests.values())}
    others = session.connection().execute(_OTHERWISE, arrays).all()
    _begin(session, {ref: seen[ref] for ref, is_new in others if is_new}, digests)
    known = [ref for ref, is_new in others if not is_new]
    if not known:
        return
    services = session.exec(
        select(ImputationService)
        .where(col(ImputationService.ref).in_(known))
        .order_by(col(ImputationService.id))
        .with_for_update()
    ).all()
    for service in services:
        _describe(session, service, seen[service.ref])
        service.described = digests[service.ref]
        session.add(service)
    session.flush()


def panels_seen(session: Session, *, service_ref: str, offers: Sequence[PanelOffer]) -> None:
    """Compare the panels that a service lists with those that it listed before, and keep them."""
    service = service_of(session, service_ref, lock=True)
    before = service.service_info
    listed = [_listed(offer) for offer in sorted(offers, key=lambda offer: offer.panel_id)]
    if before.get(PANELS) == listed:
        return
    service.service_info = {**before, PANELS: listed}
    changes = compare({PANELS: before.get(PANELS, listed)}, {PANELS: listed})
    told = AT_SERVICE + " ".join(in_words(changes)) if changes else ""
    note(session, service, kind="panels", changes=changes, told=told)


def panels_decided(
    session: Session,
    *,
    service: ImputationService,
    panels: Mapping[str, tuple[Mapping[str, Any] | None, Mapping[str, Any]]],
) -> None:
    """Note what a person changed of panels here, each as it was and is for the audit log."""
    changes: Changes = {}
    for panel_id, (before, after) in panels.items():
        old, new = (_panel_in_use(one) for one in (before, after))
        if old != new:
            changes[f"Panel {panel_id}"] = [old, new]
        if before and old and new and before.get("recipe") != after.get("recipe"):
            changes[f"Recipe of panel {panel_id}"] = ["", "changed"]
    note(session, service, kind="panels", changes=changes)


def forget(session: Session, *, service: ImputationService) -> None:
    """Begin anew, because the service's address was changed."""
    service.described = ""
    service.service_info = {key: v for key, v in service.service_info.items() if key != PANELS}
    service_certificates.forget(session, service=service)
    conformance.forget_software(session, service=service)


def changes_of(
    session: Session,
    *,
    actor: Actor,
    service_ref: str,
    since: datetime | None = None,
    limit: int = MOST_ROWS,
) -> list[ChangeRow]:
    """The changes of a service, newest first, up to `limit`."""
    require(actor, "service:read")
    service_id = service_id_of(session, service_ref)
    wanted = select(ServiceEvent).where(ServiceEvent.service_id == service_id)
    if since is not None:
        wanted = wanted.where(ServiceEvent.at > since)
    newest = wanted.order_by(col(ServiceEvent.at).desc(), col(ServiceEvent.id).desc())
    return [change_row(row) for row in session.exec(newest.limit(limit))]


def changes_since(
    session: Session, *, actor: Actor, service_ref: str, since: datetime
) -> list[ChangeRow]:
    """What changed at a service since a time, newest first."""
    return changes_of(session, actor=actor, service_ref=service_ref, since=since)


def changed_for(
    session: Session, *, actor: Actor, since: Mapping[str, datetime]
) -> dict[str, list[ChangeRow]]:
    """What changed at several services since each one's time, as far as it matters for a job.

    `since` is by the service's ref, and so is the answer; services without a change are left out.
    """
    require(actor, "service:read")
    if not since:
        return {}
    rows = session.exec(
        select(ImputationService.ref, ServiceEvent)
        .join(ServiceEvent, col(ServiceEvent.service_id) == ImputationService.id)
        .where(
            col(ImputationService.ref).in_(since),
            ServiceEvent.at > min(since.values()),
            col(ServiceEvent.kind).in_(FOR_RESEARCHERS),
        )
        .order_by(col(ServiceEvent.at).desc())
        .limit(MOST_ROWS)
    )
    changed: dict[str, list[ChangeRow]] = {}
    for ref, event in rows:
        if event.at > since[ref]:
            changed.setdefault(ref, []).append(change_row(event))
    return changed


def change_row(event: ServiceEvent) -> ChangeRow:
    """An event of a service's history, for people."""
    details = in_words(event.changes)
    says_all = event.text.removeprefix(AT_SERVICE) == " ".join(details)
    return ChangeRow(event.at, event.kind, event.text, [] if says_all else details, event.changes)


def _digest_of(facts: ServiceFacts) -> str:
    return digest({name: getattr(facts, name) for name in _COUNTING})


def _begin(session: Session, seen: Mapping[str, ServiceFacts], digests: Mapping[str, str]) -> None:
    """Keep what services say of themselves that never said anything: of that nothing changed."""
    first = [
        {
            "ref": ref,
            "info": facts_as_json(replace(facts, state_counts={})),
            "software": storable(software_of(facts)),
            "digest": digests[ref],
        }
        for ref, facts in seen.items()
    ]
    if first:
        session.connection().execute(_BEGIN, {"first": json.dumps(first)})


def _describe(session: Session, service: ImputationService, facts: ServiceFacts) -> None:
    # The counts of runs are not kept here: they would be as old as the rest of the description.
    before, after = service.service_info, facts_as_json(replace(facts, state_counts={}))
    if PANELS in before:
        after[PANELS] = before[PANELS]
    service.service_info = after
    told = conformance.software_seen(session, service=service, facts=facts)
    changes = compare(before, after)
    note(session, service, kind="software" if told else "description", changes=changes, told=told)


def _listed(offer: PanelOffer) -> dict[str, Any]:
    """What is compared of an offer: the panel's facts, and of its form whether it is the same."""
    form = {name: value for name, value in offer_as_json(offer).items() if name not in _FACTS}
    facts = {name: storable(getattr(offer, name)) for name in _FACTS}
    return {**facts, "form": digest(form)}


def _panel_in_use(panel: Mapping[str, Any] | None) -> str | None:
    """A panel in a line, or None where nobody can choose it."""
    if panel is None or panel.get("retired_at") or not panel.get("is_active", True):
        return None
    return panel_text(panel)

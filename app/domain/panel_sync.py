"""Bringing a service's panels here: what would change, and changing it.

A panel that the service offers no more is retired, and comes back when it is offered again; nothing
is deleted. What people decided of a panel stays (`app.domain.panel_merge`); one that people made
themselves, or retired, or brought back, is theirs: it is never retired or brought back by this.
"""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from sqlmodel import Session, select

from app.connectors.offers import PanelOffer
from app.domain import service_changes, terms
from app.domain.access import Actor, require_service
from app.domain.errors import Conflict
from app.domain.panel_changes import audit_panel, said_of
from app.domain.panel_merge import LABELS, columns_of, differences, in_text, merged
from app.domain.panel_offers import offer_as_json, offer_of
from app.domain.service_lookup import service_of
from models.base import now
from models.registry import ImputationService, ReferencePanel

WHY = "The service's panels were synchronised."
LONGEST_ID = 120


@dataclass(frozen=True)
class FieldChange:
    """One thing that the service says otherwise. `stays` is what people decided of it here."""

    name: str
    before: str
    after: str
    stays: str = ""


@dataclass(frozen=True)
class PanelChange:
    """What becomes of a panel. `note` is what else should be known."""

    panel_id: str
    name: str
    changes: Sequence[FieldChange] = ()
    note: str = ""


@dataclass(frozen=True)
class PanelDiff:
    """What a service offers compared with what is here.

    `returning` panels were retired when the service ceased to offer them.
    """

    new: Sequence[PanelChange] = ()
    changed: Sequence[PanelChange] = ()
    returning: Sequence[PanelChange] = ()
    gone: Sequence[PanelChange] = ()
    unchanged: Sequence[PanelChange] = ()

    @property
    def fingerprint(self) -> str:
        """Equal for two that are the same."""
        return hashlib.sha256(repr(self).encode()).hexdigest()

    @property
    def to_apply(self) -> list[PanelChange]:
        """Everything that would change something here."""
        return [*self.new, *self.changed, *self.returning, *self.gone]


@dataclass
class _Plan:
    """Panels by id, with what becomes of each."""

    new: dict[str, PanelOffer] = field(default_factory=dict)
    changed: dict[str, tuple[ReferencePanel, PanelOffer]] = field(default_factory=dict)
    returning: dict[str, tuple[ReferencePanel, PanelOffer]] = field(default_factory=dict)
    gone: dict[str, ReferencePanel] = field(default_factory=dict)
    unchanged: dict[str, ReferencePanel] = field(default_factory=dict)


def preview(
    session: Session, *, actor: Actor, service_ref: str, offers: Sequence[PanelOffer]
) -> PanelDiff:
    """What bringing these offers here would change."""
    require_service(actor, "service:write", service_ref)
    return _diff(_planned(session, service_of(session, service_ref), offers))


def apply(
    session: Session,
    *,
    actor: Actor,
    service_ref: str,
    offers: Sequence[PanelOffer],
    panel_ids: Collection[str] | None = None,
    previewed: str = "",
) -> PanelDiff:
    """Change the panels here as these offers say, and tell what was done.

    With `panel_ids` only those. With `previewed`, the fingerprint of the preview that a person saw,
    `Conflict` where the panels here have changed since.
    """
    require_service(actor, "service:write", service_ref)
    service = service_of(session, service_ref, lock=True)
    plan = _planned(session, service, offers, lock=True)
    diff = _diff(plan)
    if previewed and diff.fingerprint != previewed:
        raise Conflict("The panels here have changed since this preview. Preview them again.")
    chosen = {one.panel_id for one in diff.to_apply}
    if panel_ids is not None:
        chosen &= set(panel_ids)
    decided = {}
    for panel_id in sorted(chosen & plan.new.keys()):
        decided[panel_id] = _add(session, actor, service, plan.new[panel_id])
    for panel_id in sorted(chosen & (plan.changed.keys() | plan.returning.keys())):
        panel, offer = (plan.changed | plan.returning)[panel_id]
        returns = panel_id in plan.returning
        decided[panel_id] = _change(session, actor, service, panel, offer, returns=returns)
    for panel_id in sorted(chosen & plan.gone.keys()):
        decided[panel_id] = _retire(session, actor, service, plan.gone[panel_id])
    service_changes.panels_decided(session, service=service, panels=decided)
    return PanelDiff(
        **{
            part.name: [one for one in getattr(diff, part.name) if one.panel_id in chosen]
            for part in fields(PanelDiff)
        }
    )


def _planned(
    session: Session,
    service: ImputationService,
    offers: Sequence[PanelOffer],
    *,
    lock: bool = False,
) -> _Plan:
    query = select(ReferencePanel).where(ReferencePanel.service_id == service.id)
    query = query.order_by("panel_id")
    here = {one.panel_id: one for one in session.exec(query.with_for_update() if lock else query)}
    offered = {offer.panel_id[:LONGEST_ID]: offer for offer in offers}
    plan = _Plan()
    for panel_id, offer in offered.items():
        panel = here.get(panel_id)
        if panel is None:
            plan.new[panel_id] = offer
        elif _has_vanished(panel) and panel.retired_at is not None:
            plan.returning[panel_id] = (panel, offer)
        elif not panel.offered or _has_vanished(panel) or _differs(panel, offer):
            plan.changed[panel_id] = (panel, offer)
        else:
            plan.unchanged[panel_id] = panel
    for panel_id, panel in here.items():
        is_of_service = panel.offered and not _has_vanished(panel)
        if panel_id not in offered and is_of_service and panel.retired_at is None:
            plan.gone[panel_id] = panel
    return plan


def _has_vanished(panel: ReferencePanel) -> bool:
    return bool(panel.offered) and panel.offered_at is None


def _differs(panel: ReferencePanel, offer: PanelOffer) -> bool:
    return bool(differences(offer_of(panel.offered), offer))


def _diff(plan: _Plan) -> PanelDiff:
    return PanelDiff(
        new=[_new(panel_id, offer) for panel_id, offer in plan.new.items()],
        changed=[_changed(panel, offer) for panel, offer in plan.changed.values()],
        returning=[_changed(panel, offer) for panel, offer in plan.returning.values()],
        gone=[PanelChange(panel.panel_id, panel.name) for panel in plan.gone.values()],
        unchanged=[
            PanelChange(panel.panel_id, panel.name, note=_note(panel))
            for panel in plan.unchanged.values()
        ],
    )


def _new(panel_id: str, offer: PanelOffer) -> PanelChange:
    told = differences(None, offer)
    recipe = columns_of(offer)["recipe"]
    note = "" if recipe else "Nobody can choose it yet: somebody must write its recipe."
    changes = [FieldChange(name, before, after) for name, (before, after) in told.items()]
    return PanelChange(panel_id, columns_of(offer)["name"], changes, note)


def _changed(panel: ReferencePanel, offer: PanelOffer) -> PanelChange:
    here, was = _columns(panel), offer_of(panel.offered)
    after = merged(here, was, offer)
    labels = {label: name for name, label in LABELS.items()}
    changes = []
    for title, (before, now_) in differences(was, offer).items():
        name = labels.get(title)
        stays = in_text(after[name]) if name else now_
        changes.append(FieldChange(title, before, now_, stays if stays != now_ else ""))
    return PanelChange(panel.panel_id, panel.name, changes, _note(panel))


def _note(panel: ReferencePanel) -> str:
    if not panel.offered:
        return "People described it here. From now on it follows the service where they did not."
    if panel.retired_at is not None and not _has_vanished(panel):
        return "Somebody retired it here: it stays retired."
    return ""


def _columns(panel: ReferencePanel) -> dict[str, Any]:
    return {name: getattr(panel, name) for name in (*LABELS, "recipe")}


Decision = tuple[Mapping[str, Any] | None, Mapping[str, Any]]


def _add(session: Session, actor: Actor, service: ImputationService, offer: PanelOffer) -> Decision:
    panel = ReferencePanel(
        service_id=service.id or 0, panel_id=offer.panel_id[:LONGEST_ID], **columns_of(offer)
    )
    return _keep(session, actor, service, panel, offer, "panel.add", before=None)


def _change(
    session: Session,
    actor: Actor,
    service: ImputationService,
    panel: ReferencePanel,
    offer: PanelOffer,
    *,
    returns: bool,
) -> Decision:
    before = said_of(panel)
    for name, value in merged(_columns(panel), offer_of(panel.offered), offer).items():
        setattr(panel, name, value)
    if returns:
        panel.retired_at = None
    action = "panel.restore" if returns else "panel.change"
    return _keep(session, actor, service, panel, offer, action, before=before)


def _keep(
    session: Session,
    actor: Actor,
    service: ImputationService,
    panel: ReferencePanel,
    offer: PanelOffer,
    action: str,
    *,
    before: Mapping[str, Any] | None,
) -> Decision:
    was = offer_of(panel.offered)
    panel.offered, panel.offered_at, panel.updated_at = offer_as_json(offer), now(), now()
    session.add(panel)
    session.flush()
    if tuple(was.terms if was else ()) != tuple(offer.terms):
        terms.set_terms(
            session,
            actor=actor,
            service_ref=service.ref,
            panel_ref=panel.ref,
            text="\n\n".join(offer.terms),
        )
    audit_panel(session, actor, action, panel, service, before, WHY)
    return before, said_of(panel)


def _retire(
    session: Session, actor: Actor, service: ImputationService, panel: ReferencePanel
) -> Decision:
    before = said_of(panel)
    # Without this moment it is known to have vanished, and not to have been retired by people.
    panel.offered_at, panel.retired_at, panel.updated_at = None, now(), now()
    session.add(panel)
    audit_panel(session, actor, "panel.retire", panel, service, before, WHY)
    return before, said_of(panel)

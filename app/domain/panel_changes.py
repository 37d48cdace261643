"""Adding, changing and retiring panels, by those who manage services."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from sqlmodel import Session, col, select

from app.domain import service_changes
from app.domain.access import SERVICE_MANAGE, Actor, require, require_service
from app.domain.errors import Conflict, Invalid, NotFound
from app.domain.outbox import emit_audit
from app.domain.panels import PanelRow, find_panels, panel_row
from app.domain.recipes import parse_recipe
from app.domain.service_lookup import service_of
from app.domain.versions import check_version
from models import db
from models.base import now
from models.registry import ImputationService, ReferencePanel, RegistryOutbox

# Other names of the human genome builds that services and people use.
BUILDS = {
    "ncbi36": "NCBI36",
    "hg18": "NCBI36",
    "grch37": "GRCh37",
    "hg19": "GRCh37",
    "b37": "GRCh37",
    "grch38": "GRCh38",
    "hg38": "GRCh38",
    "b38": "GRCh38",
    "t2t": "T2T-CHM13",
    "chm13": "T2T-CHM13",
    "hs1": "T2T-CHM13",
}


def _build(text: str) -> str:
    return BUILDS.get(text.lower(), text)


Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=120)]
Count = Annotated[int, Field(ge=0, le=2**31 - 1)]


class PanelFields(BaseModel):
    """Everything about a panel that a person decides. `panel_id` is its name at the service."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    panel_id: Annotated[Line, Field(min_length=1)]
    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
    description: Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000)] = ""
    population: Line = ""
    build: Annotated[
        str, StringConstraints(strip_whitespace=True, max_length=20), AfterValidator(_build)
    ] = ""
    sample_count: Count | None = None
    variant_count: Count | None = None
    identity: Line = ""
    recipe: dict[str, Any] = Field(default_factory=dict)
    is_active: bool = True


def upsert_panel(
    session: Session,
    *,
    actor: Actor,
    service_ref: str,
    fields: PanelFields,
    only_new: bool = False,
    version: str = "",
) -> PanelRow:
    """Add the service's panel `panel_id`, or change it; a retired one comes back.

    With `only_new`, a panel that exists already raises `Conflict`; with a `version`
    (`versions.version_of` its `updated_at`), one that was changed since raises `Outdated`. The
    recipe is checked (`Invalid` names the place); a panel may be without one, but then it cannot be
    chosen.
    """
    require_service(actor, "service:write", service_ref)
    _check_recipe(fields.recipe)
    service = service_of(session, service_ref)
    panel = session.exec(
        select(ReferencePanel)
        .where(ReferencePanel.service_id == service.id, ReferencePanel.panel_id == fields.panel_id)
        .with_for_update()
    ).first()
    if panel is not None and only_new:
        raise Conflict(
            f"{service.name} has a panel “{fields.panel_id}” already: open that one, or give "
            "another id."
        )
    if version and panel is not None:
        check_version(panel.updated_at, version, panel.name)
    before = said_of(panel) if panel else None
    panel = panel or ReferencePanel(
        service_id=service.id or 0, panel_id=fields.panel_id, name=fields.name
    )
    for name, value in fields.model_dump().items():
        setattr(panel, name, value)
    panel.updated_at, panel.retired_at = now(), None
    session.add(panel)
    session.flush()
    _follow_up(session, actor, "panel.change" if before else "panel.add", panel, service, before)
    return panel_row(panel, service)


def _check_recipe(recipe: Mapping[str, Any]) -> None:
    if not recipe:
        return
    missing = [name for name, value in parse_recipe(recipe).panel.items() if value in ("", None)]
    if missing:
        raise Invalid(
            f"Fill in the panel's value “{missing[0]}”: the recipe sends it to the service.",
            field="recipe",
        )


def retire_panel(session: Session, *, actor: Actor, panel_ref: str, reason: str = "") -> None:
    """Take a panel out of use; jobs that used it keep what they know of it."""
    require(actor, SERVICE_MANAGE)
    panel, service = _one(session, panel_ref)
    require_service(actor, "service:write", service.ref)
    if panel.retired_at is not None:
        raise Conflict(f"{panel.name} is retired already.")
    before = said_of(panel)
    panel.retired_at = panel.updated_at = now()
    _follow_up(session, actor, "panel.retire", panel, service, before, reason)


def restore_panel(session: Session, *, actor: Actor, panel_ref: str) -> None:
    """Bring a retired panel back."""
    require(actor, SERVICE_MANAGE)
    panel, service = _one(session, panel_ref)
    require_service(actor, "service:write", service.ref)
    if panel.retired_at is None:
        raise Conflict(f"{panel.name} is not retired.")
    before = said_of(panel)
    panel.retired_at, panel.updated_at = None, now()
    _follow_up(session, actor, "panel.restore", panel, service, before)


def _one(session: Session, panel_ref: str) -> tuple[ReferencePanel, ImputationService]:
    found = find_panels(session, col(ReferencePanel.ref) == panel_ref)
    if not found:
        raise NotFound("panel")
    return found[0]


def said_of(panel: ReferencePanel) -> dict[str, Any]:
    """What people have decided of a panel, for the audit log."""
    said = {name: getattr(panel, name) for name in PanelFields.model_fields}
    said["retired_at"] = panel.retired_at.isoformat() if panel.retired_at else None
    return said


def _follow_up(
    session: Session,
    actor: Actor,
    action: str,
    panel: ReferencePanel,
    service: ImputationService,
    before: Mapping[str, Any] | None,
    reason: str = "",
) -> None:
    audit_panel(session, actor, action, panel, service, before, reason)
    service_changes.panels_decided(
        session, service=service, panels={panel.panel_id: (before, said_of(panel))}
    )


def audit_panel(
    session: Session,
    actor: Actor,
    action: str,
    panel: ReferencePanel,
    service: ImputationService,
    before: Mapping[str, Any] | None,
    reason: str = "",
) -> None:
    """Say in the audit log what became of a panel, and tell the pages that show it."""
    emit_audit(
        session,
        RegistryOutbox,
        actor=actor,
        action=action,
        target_type="panel",
        target_ref=panel.ref,
        target_name=f"{service.name}: {panel.name}",
        reason=reason,
        before=before,
        after=said_of(panel),
    )
    # The pages that show a service show its panels too.
    db.announce(session, "imputation_services", service.ref)

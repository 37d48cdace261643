"""Reference panels: what each service offers, and which of them can be chosen now.

A panel is retired, never deleted, and a job keeps a snapshot of its panel: changing or retiring
one (`app.domain.panel_changes`) never touches what has been computed with it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import ColumnElement, func
from sqlmodel import Session, col, select

from app.domain.access import Actor, require
from app.domain.credentials import CredentialRow
from app.domain.errors import NotFound
from app.domain.service_access import NO_LIMIT, Access, what_is_left, why_no_access
from app.domain.terms import Terms, terms_of_panels
from app.domain.token_words import why_useless
from models.registry import ImputationService, ReferencePanel

# Services of these protocols take no run without a token.
NEEDS_TOKEN = frozenset({"cloudgene"})

WHAT_TO_EXPECT = {
    "degraded": "The service answers, but not well. A job may take longer.",
    "stalled": "The service answers, but its queue does not move. A job waits until it does.",
    "maintenance": "The service is being worked on. A job waits until that is over.",
    "down": "The service does not answer now. A job waits until it does.",
    "unknown": "The service has not been checked yet. A job waits until it answers.",
}


@dataclass(frozen=True)
class PanelRow:
    """A panel and the service that offers it.

    `has_recipe`: a run of it can be made. Panels of one `identity`, which is empty where nobody has
    said it, are the same panel at several services. `pause_reason` says why no job is sent to the
    service for a while; empty where they are sent.
    """

    ref: str
    panel_id: str
    name: str
    description: str
    population: str
    build: str
    sample_count: int | None
    variant_count: int | None
    identity: str
    has_recipe: bool
    is_active: bool
    updated_at: datetime
    retired_at: datetime | None
    service_ref: str
    service_name: str
    service_type: str
    api_type: str
    location: str
    country: str
    is_simulation: bool
    health_status: str
    service_is_active: bool
    limits: Mapping[str, Any]
    pause_reason: str = ""


@dataclass(frozen=True)
class PanelDetail:
    """A panel with its recipe, and the terms that whoever submits to it must have accepted."""

    row: PanelRow
    recipe: Mapping[str, Any]
    terms: Sequence[Terms] = ()

    @property
    def snapshot(self) -> dict[str, Any]:
        """What a job keeps of its panel, so that later changes do not touch the job."""
        kept = asdict(self.row)
        for moving in (
            "health_status",
            "service_is_active",
            "pause_reason",
            "updated_at",
            "retired_at",
        ):
            del kept[moving]
        return kept | {"recipe": dict(self.recipe)}


@dataclass(frozen=True)
class PanelFilters:
    """The values that occur, to choose from."""

    builds: list[str]
    populations: list[str]
    services: list[tuple[str, str]]


def list_panels(
    session: Session,
    *,
    actor: Actor,
    search: str = "",
    build: str = "",
    population: str = "",
    service_ref: str = "",
    include_retired: bool = False,
) -> list[PanelRow]:
    """Panels by service and name. Those of a retired service count as retired."""
    require(actor, "service:read")
    conditions: list[ColumnElement[bool]] = []
    if not include_retired:
        conditions.append(col(ReferencePanel.retired_at).is_(None))
        conditions.append(col(ImputationService.retired_at).is_(None))
    if search:
        text = func.concat_ws(
            " ",
            ReferencePanel.name,
            ReferencePanel.panel_id,
            ReferencePanel.population,
            ImputationService.name,
        )
        conditions.append(text.icontains(search, autoescape=True))
    for column, wanted in (
        (ReferencePanel.build, build),
        (ReferencePanel.population, population),
        (ImputationService.ref, service_ref),
    ):
        if wanted:
            conditions.append(col(column) == wanted)
    return [panel_row(panel, service) for panel, service in find_panels(session, *conditions)]


def panel_filters(session: Session, *, actor: Actor) -> PanelFilters:
    """The builds, populations and services of the panels in use."""
    rows = list_panels(session, actor=actor)
    return PanelFilters(
        builds=sorted({row.build for row in rows if row.build}),
        populations=sorted({row.population for row in rows if row.population}),
        services=sorted({(row.service_name, row.service_ref) for row in rows}),
    )


def get_panel(session: Session, *, actor: Actor, panel_ref: str) -> PanelDetail:
    """One panel with its recipe and terms, retired or not."""
    require(actor, "service:read")
    found = find_panels(session, col(ReferencePanel.ref) == panel_ref)
    if not found:
        raise NotFound("panel")
    panel, service = found[0]
    terms = terms_of_panels(session, actor=actor, panel_refs=[panel_ref])
    return PanelDetail(panel_row(panel, service), panel.recipe, terms[panel_ref])


@dataclass(frozen=True)
class PanelChoice:
    """A panel on the submit page. `reason` says why it cannot be chosen, or what to expect."""

    row: PanelRow
    can_choose: bool
    reason: str


def panels_to_choose(
    session: Session,
    *,
    actor: Actor,
    tokens: Mapping[str, CredentialRow],
    access: Mapping[str, Access] = MappingProxyType({}),
    service_ref: str = "",
    build: str = "",
) -> list[PanelChoice]:
    """Every panel in use, with whether the actor can submit to it now, and if not, why.

    `tokens`: what the actor's runs use at each service, and `access` what is said of the actor
    there, which are in another database (`credentials.tokens_in_use`, `service_access.access_of`).
    """
    require(actor, "job:submit")
    rows = list_panels(session, actor=actor, service_ref=service_ref, build=build)
    return [
        choice_of(
            row,
            token=tokens.get(row.service_ref),
            access=access.get(row.service_ref, NO_LIMIT),
        )
        for row in rows
    ]


def choice_of(
    row: PanelRow, *, token: CredentialRow | None, access: Access = NO_LIMIT
) -> PanelChoice:
    """Whether a panel can be chosen now with this token and this access, and if not, why."""
    why_not = why_no_access(access, row.service_name)
    if why_not:
        return PanelChoice(row=row, can_choose=False, reason=why_not)
    if not row.service_is_active:
        why_not = "This service is not in use now."
    elif not row.is_active:
        why_not = "This panel is not in use now."
    elif not row.has_recipe:
        why_not = "The panel has no recipe yet: an administrator must say how a run is made."
    elif token is None and row.api_type in NEEDS_TOKEN:
        why_not = f"{row.service_name} wants a token. Enter yours on the service's page first."
    elif token is not None and token.is_useless:
        why_not = why_useless(token)
    elif row.health_status == "authorisation_needed" and (token is None or token.is_shared):
        why_not = "The service wants a valid token. Add yours, or ask an administrator for one."
    if why_not:
        return PanelChoice(row=row, can_choose=False, reason=why_not)
    reasons = (
        what_of_pause(row),
        WHAT_TO_EXPECT.get(row.health_status, ""),
        what_is_left(access, row.service_name),
    )
    return PanelChoice(row=row, can_choose=True, reason=" ".join(filter(None, reasons)))


def what_of_pause(row: PanelRow) -> str:
    """What to expect where no job is sent to a panel's service for a while; else empty."""
    if not row.pause_reason:
        return ""
    return (
        f"New jobs for {row.service_name} are paused ({row.pause_reason}): "
        "a job waits until they are resumed."
    )


def find_panels(
    session: Session, *conditions: ColumnElement[bool]
) -> list[tuple[ReferencePanel, ImputationService]]:
    """Panels and their services that meet the conditions, by service and name."""
    found = session.exec(
        select(ReferencePanel, ImputationService)
        .join(ImputationService, col(ImputationService.id) == ReferencePanel.service_id)
        .where(*conditions)
        .order_by(func.lower(ImputationService.name), func.lower(ReferencePanel.name))
    )
    return [(panel, service) for panel, service in found]


def panel_row(panel: ReferencePanel, service: ImputationService) -> PanelRow:
    """The row that pages show of a panel and its service."""
    return PanelRow(
        ref=panel.ref,
        panel_id=panel.panel_id,
        name=panel.name,
        description=panel.description,
        population=panel.population,
        build=panel.build,
        sample_count=panel.sample_count,
        variant_count=panel.variant_count,
        identity=panel.identity,
        has_recipe=bool(panel.recipe),
        is_active=panel.is_active,
        updated_at=panel.updated_at,
        retired_at=panel.retired_at or service.retired_at,
        service_ref=service.ref,
        service_name=service.name,
        service_type=service.service_type,
        api_type=service.api_type,
        location=service.location,
        country=service.country,
        is_simulation=service.is_simulation,
        health_status=service.health_status,
        service_is_active=service.is_active,
        pause_reason=service.submissions_pause_reason,
        limits=service.limits,
    )

"""Where to send it instead: services that offer the same panel, the best first, each with reasons.

The same panel is one of the same `identity`, which an administrator gives; where none is given, one
with the same id at its service and the same genome build. A panel on another build is never the
same: the positions would not match. Nothing is ever chosen for anybody: a person reads the reasons
and decides, also about where data may go.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from sqlalchemy import func, or_
from sqlmodel import Session, col

from app.domain.access import Actor, require
from app.domain.credentials import CredentialRow
from app.domain.dataset_limits import FileFacts
from app.domain.estimates import Expectation, expect
from app.domain.health import Health
from app.domain.own_times import OwnTimes
from app.domain.panels import (
    PanelChoice,
    PanelRow,
    choice_of,
    find_panels,
    panel_row,
    what_of_pause,
)
from app.domain.queue_pace import paces
from app.domain.service_access import NO_LIMIT, Access
from app.domain.submission_checks import misfits_of
from models.registry import ImputationService, ReferencePanel

# The better to send to, the further to the front.
BEST_FIRST = (
    Health.UP,
    Health.DEGRADED,
    Health.AUTHORISATION_NEEDED,
    Health.UNKNOWN,
    Health.STALLED,
    Health.MAINTENANCE,
    Health.DOWN,
)
HOW_IT_IS: Mapping[str, str] = MappingProxyType(
    {
        Health.UP: "It is up.",
        Health.DEGRADED: "It answers, but not well.",
        Health.AUTHORISATION_NEEDED: "It wants a valid token.",
        Health.UNKNOWN: "It has not been checked yet, or cannot be now.",
        Health.STALLED: "It answers, but its queue does not move.",
        Health.MAINTENANCE: "It is being worked on.",
        Health.DOWN: "It does not answer.",
    }
)


@dataclass(frozen=True)
class Alternative:
    """A panel that could take another one's place. `reasons` speak for and against it."""

    instead_of: PanelRow
    row: PanelRow
    can_choose: bool
    expected: Expectation
    reasons: Sequence[str]


def alternatives(
    session: Session,
    *,
    actor: Actor,
    panel_refs: Sequence[str],
    tokens: Mapping[str, CredentialRow],
    access: Mapping[str, Access] = MappingProxyType({}),
    own: Mapping[str, OwnTimes] = MappingProxyType({}),
    files: Sequence[FileFacts] = (),
) -> list[Alternative]:
    """What could take the place of these panels, the best first.

    `tokens` are what the actor's runs use at each service
    (`app.domain.credentials.tokens_in_use`), `access` what is said of the actor there
    (`app.domain.service_access.access_of`), `own` our jobs' times by panel
    (`app.domain.own_times`), `files` those of the dataset: all from other databases.
    """
    require(actor, "job:submit")
    pairs = _pairs(session, panel_refs)
    services = sorted({row.service_ref for _, row in pairs})
    known = paces(session, actor=actor, service_refs=services)
    found = [
        _alternative(
            instead_of,
            row,
            choice_of(
                row,
                token=tokens.get(row.service_ref),
                access=access.get(row.service_ref, NO_LIMIT),
            ),
            tokens.get(row.service_ref),
            expect(
                known.get(row.service_ref),
                own.get(row.ref, OwnTimes("jobs of ours with this panel")),
            ),
            misfits_of(files, row),
        )
        for instead_of, row in pairs
    ]
    return sorted(found, key=_rank)


def same_panels(session: Session, *, actor: Actor, panel_refs: Sequence[str]) -> list[str]:
    """The refs of the panels that could take the place of these."""
    require(actor, "service:read")
    return sorted({row.ref for _, row in _pairs(session, panel_refs)})


def _pairs(session: Session, panel_refs: Sequence[str]) -> list[tuple[PanelRow, PanelRow]]:
    """Each of these panels with each that could take its place."""
    wanted = [
        panel_row(panel, service)
        for panel, service in find_panels(session, col(ReferencePanel.ref).in_(panel_refs))
    ]
    return [
        (instead_of, row)
        for row in _candidates(session, wanted)
        for instead_of in wanted
        if _is_same(instead_of, row)
    ]


def _candidates(session: Session, wanted: Sequence[PanelRow]) -> list[PanelRow]:
    """Panels in use that share a name with one of these."""
    if not wanted:
        return []
    identities = [row.identity.lower() for row in wanted if row.identity]
    ids = [row.panel_id.lower() for row in wanted]
    found = find_panels(
        session,
        col(ReferencePanel.retired_at).is_(None),
        col(ImputationService.retired_at).is_(None),
        or_(
            func.lower(ReferencePanel.identity).in_(identities),
            func.lower(ReferencePanel.panel_id).in_(ids),
        ),
    )
    return [panel_row(panel, service) for panel, service in found]


def _is_same(one: PanelRow, other: PanelRow) -> bool:
    if one.service_ref == other.service_ref:
        return False
    if one.identity and other.identity:
        named = one.identity.lower() == other.identity.lower()
        return named and (one.build == other.build or not (one.build and other.build))
    named = one.panel_id.lower() == other.panel_id.lower()
    return named and bool(one.build) and one.build == other.build


def _alternative(
    instead_of: PanelRow,
    row: PanelRow,
    choice: PanelChoice,
    token: CredentialRow | None,
    expected: Expectation,
    misfits: Sequence[str],
) -> Alternative:
    reasons = [
        HOW_IT_IS.get(row.health_status, "") if choice.can_choose else choice.reason,
        what_of_pause(row) if choice.can_choose else "",
        *misfits,
        _same_by(instead_of, row),
        _place(instead_of, row),
        "It is a simulation: its results are not real." if row.is_simulation else "",
        "You have a token of your own there." if token and not token.is_shared else "",
    ]
    return Alternative(
        instead_of=instead_of,
        row=row,
        can_choose=choice.can_choose and not misfits,
        expected=expected,
        reasons=[reason for reason in reasons if reason],
    )


def _same_by(instead_of: PanelRow, row: PanelRow) -> str:
    if instead_of.identity and row.identity:
        return f"An administrator says that it is the same panel ({row.identity})."
    return "It has the same id and build; whether it is the same data, nobody has said."


def _place(instead_of: PanelRow, row: PanelRow) -> str:
    if row.country and row.country != instead_of.country:
        return f"Data would go to another country ({row.country})."
    return ""


def _rank(one: Alternative) -> tuple[bool, bool, bool, int, float, str]:
    health = one.row.health_status
    wait = one.expected.wait.range
    return (
        not one.can_choose,
        bool(one.row.pause_reason),
        one.row.is_simulation,
        BEST_FIRST.index(Health(health)) if health in HOW_IT_IS else len(BEST_FIRST),
        wait.middle if wait else float("inf"),
        one.row.service_name.lower(),
    )

"""What the panels of a service need of it, as their recipes say, and whether it offers that."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlmodel import Session, col, select

from app.domain.health import Layer, LayerFinding, Verdict
from models.registry import ImputationService, ReferencePanel

MOST_NAMED = 5


@dataclass(frozen=True)
class PanelNeed:
    """A panel that people can choose, and the workflow language and version of its recipe."""

    name: str
    workflow_type: str
    workflow_type_version: str


def panel_needs(session: Session, *, service_refs: Sequence[str]) -> dict[str, list[PanelNeed]]:
    """What each panel in use of these services needs, by the service's ref. For the worker."""
    rows = session.exec(
        select(ImputationService.ref, ReferencePanel.name, ReferencePanel.recipe)
        .join(ReferencePanel)
        .where(
            col(ImputationService.ref).in_(service_refs),
            col(ReferencePanel.is_active),
            col(ReferencePanel.retired_at).is_(None),
        )
        .order_by(ReferencePanel.name)
    )
    needs: dict[str, list[PanelNeed]] = {}
    for ref, name, recipe in rows:
        if kind := str(recipe.get("workflow_type") or ""):
            need = PanelNeed(name, kind, str(recipe.get("workflow_type_version") or ""))
            needs.setdefault(ref, []).append(need)
    return needs


def judge_needs(needs: Sequence[PanelNeed], offered: Mapping[str, Sequence[str]]) -> LayerFinding:
    """Whether a service offers the workflow languages and versions that its panels need.

    A version is not compared where the service names none.
    """
    if not needs:
        return _finding(Verdict.UNTOLD, "No panel here says what it needs of this service.")
    if not offered:
        return _finding(Verdict.UNTOLD, "The service does not say which workflows it runs.")
    by_name = {name.upper(): [*map(str.lower, versions)] for name, versions in offered.items()}
    missing = [need for need in needs if not _is_offered(need, by_name)]
    if not missing:
        languages = ", ".join(sorted({_spelled(need) for need in needs}))
        return _finding(Verdict.PASSED, f"It runs what its panels need: {languages}.")
    named = ", ".join(f"{need.name} ({_spelled(need)})" for need in missing[:MOST_NAMED])
    more = f" and {len(missing) - MOST_NAMED} more" if len(missing) > MOST_NAMED else ""
    there = ", ".join(f"{name} {' '.join(versions)}".strip() for name, versions in offered.items())
    return _finding(
        Verdict.FAILED, f"It lacks what these panels need: {named}{more}. It offers {there}."
    )


def _is_offered(need: PanelNeed, offered: Mapping[str, Sequence[str]]) -> bool:
    versions = offered.get(need.workflow_type.upper())
    if versions is None:
        return False
    return not versions or need.workflow_type_version.lower() in versions


def _spelled(need: PanelNeed) -> str:
    return f"{need.workflow_type} {need.workflow_type_version}".strip()


def _finding(verdict: Verdict, detail: str) -> LayerFinding:
    return LayerFinding(Layer.PANELS, verdict, detail)

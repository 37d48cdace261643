"""A service's conformance as pages show it: texts that are ready to read."""

from collections.abc import Mapping, Sequence
from typing import TypedDict

from app.domain.conformance_report import FeatureRow, Limit, TrialRow
from app.states.service_item import iso

HOW = {
    "asked": "by asking",
    "trial": "by a trial run",
    "seen": "in a real job",
}
BEFORE = {"conforms": "conformed", "deviates": "deviated"}


class FeatureItem(TypedDict):
    """One feature in the table. `verdict` is `outdated` where other software runs since."""

    title: str
    standard: str
    verdict: str
    evidence: str
    consequence: str
    how: str
    checked_at: str
    before: str
    before_until: str


class StepItem(TypedDict):
    """A step of a trial, or an event of the history."""

    at: str
    text: str


def feature_item(row: FeatureRow) -> FeatureItem:
    """Make the table's row of a feature."""
    return FeatureItem(
        title=row.title,
        standard=row.standard,
        verdict="outdated" if row.is_outdated else row.verdict,
        evidence=row.evidence,
        consequence=row.consequence,
        how=HOW.get(row.how, row.how),
        checked_at=iso(row.checked_at),
        before=BEFORE.get(row.previous, ""),
        before_until=iso(row.previous_until),
    )


def step_items(trial: TrialRow | None) -> list[StepItem]:
    """The steps of a trial."""
    steps: Sequence[Mapping[str, str]] = trial.steps if trial else ()
    return [StepItem(at=str(step.get("at", "")), text=str(step.get("text", ""))) for step in steps]


def limit_texts(limits: Sequence[Limit]) -> list[str]:
    """What a person should know beforehand, each with the day on which it was last seen."""
    return [f"{limit.text.rstrip('.')} (seen {limit.checked_at:%Y-%m-%d})." for limit in limits]

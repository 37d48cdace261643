"""What the steps of a submission show: datasets, panels, parameters and the review, as texts."""

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

from app.domain.datasets import DatasetRow
from app.domain.errors import Invalid
from app.domain.estimates import Expectation
from app.domain.panel_changes import BUILDS
from app.domain.panels import PanelChoice, PanelDetail
from app.domain.parameter_form import FormField, form_fields
from app.domain.recipes import parse_recipe
from app.domain.uploads import words
from app.states.job_item import value_text
from app.states.outlook_item import short_expectation

# The parameter by which imputation servers learn the build of what they are sent.
BUILD = "build"


class DatasetChoice(TypedDict):
    """A dataset to choose; `why_not` says why it cannot be chosen now."""

    ref: str
    name: str
    facts: str
    build: str
    why_not: str


class PanelItem(TypedDict):
    """A panel to choose; `note` says why it cannot be, or what to expect."""

    ref: str
    name: str
    description: str
    service: str
    place: str
    build: str
    samples: str
    health: str
    is_simulation: bool
    can_choose: bool
    note: str
    expected: str
    limits: list[str]


class ParameterItem(TypedDict):
    """A field of the form, made from the recipes.

    `choices` are values with what people call them; `used_by` is empty where all panels have it.
    """

    name: str
    label: str
    kind: str
    help: str
    value: str
    choices: list[tuple[str, str]]
    problem: str
    used_by: str


class ReviewItem(TypedDict):
    """What goes to one service."""

    panel: str
    service: str
    place: str
    is_simulation: bool
    parameters: list[tuple[str, str]]


WHY_NOT = {
    "empty": "it has no files yet. Open it and upload some.",
    "uploading": "a file of it is still being uploaded.",
    "reading": "its files are still being read. This takes a moment.",
    "unreadable": "one of its files cannot be read as genotypes. Open it to see why.",
}


def why_not(row: DatasetRow) -> str:
    """Why a dataset cannot be submitted now; empty if it can."""
    return WHY_NOT.get(row.state, "")


def dataset_choice(row: DatasetRow) -> DatasetChoice:
    """Make the choice of a dataset."""
    files = f"{row.file_count} file{'' if row.file_count == 1 else 's'}, {words(row.size)}"
    counts = [
        f"{count:,} {what}"
        for count, what in ((row.samples, "samples"), (row.variants, "variants"))
        if count
    ]
    return DatasetChoice(
        ref=row.ref,
        name=row.name,
        facts=" · ".join([files, *counts]),
        build=row.build,
        why_not=why_not(row),
    )


def panel_item(
    choice: PanelChoice, limits: Sequence[str] = (), expected: Expectation | None = None
) -> PanelItem:
    """Make the choice of a panel; `limits` is what its service is known not to do."""
    row = choice.row
    return PanelItem(
        ref=row.ref,
        name=row.name,
        description=row.description,
        service=row.service_name,
        place=place_of(row.location, row.country),
        build=row.build,
        samples=f"{row.sample_count:,} samples" if row.sample_count else "",
        health=row.health_status if row.service_is_active else "paused",
        is_simulation=row.is_simulation,
        can_choose=choice.can_choose,
        note=choice.reason,
        expected=short_expectation(expected) if expected else "",
        limits=list(limits),
    )


def parameter_items(
    details: Sequence[PanelDetail], values: Mapping[str, Any], refusal: Invalid | None = None
) -> list[ParameterItem]:
    """Make the fields of the form; `refusal` marks the one whose value was not accepted."""
    recipes = [(detail.row.name, parse_recipe(detail.recipe)) for detail in details]
    return [
        _parameter_item(field, values, len(details), refusal)
        for field in form_fields(recipes, values)
    ]


def values_of_dataset(details: Sequence[PanelDetail], build: str) -> dict[str, str]:
    """What the dataset itself says for the parameters: its genome build, as each form spells it."""
    return {
        one.name: choice
        for detail in details
        for one in parse_recipe(detail.recipe).parameters
        for choice in one.choices
        if one.name == BUILD and build and BUILDS.get(choice.lower()) == build
    }


def review_item(detail: PanelDetail, values: Mapping[str, Any]) -> ReviewItem:
    """Say what goes to a panel's service."""
    row = detail.row
    known = {one.name: one for one in parse_recipe(detail.recipe).parameters}
    return ReviewItem(
        panel=row.name,
        service=row.service_name,
        place=place_of(row.location, row.country),
        is_simulation=row.is_simulation,
        parameters=[
            (known[name].title, value_text(known[name].label_of(value)))
            for name, value in values.items()
        ],
    )


def place_of(location: str, country: str) -> str:
    """A service's place in a line."""
    return " · ".join(part for part in (location, country) if part)


def text_of(value: Any) -> str:
    """A form's value as a text; a switch sends a truth value, a ticked box `on`."""
    return str(value).lower() if isinstance(value, bool) else str(value)[:1000]


def _parameter_item(
    field: FormField, values: Mapping[str, Any], panel_count: int, refusal: Invalid | None
) -> ParameterItem:
    one = field.parameter
    given = values.get(one.name, "" if one.default is None else one.default)
    return ParameterItem(
        name=one.name,
        label=one.title,
        kind=one.kind,
        help=one.help,
        value=text_of(given),
        choices=[(choice, str(one.label_of(choice))) for choice in one.choices],
        problem=refusal.message if refusal and refusal.field == one.name else "",
        used_by="" if len(field.panels) == panel_count else ", ".join(field.panels),
    )

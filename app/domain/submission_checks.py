"""What is checked of a submission before anything of it is kept or sent."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.domain.dataset_limits import FileFacts, misfits
from app.domain.errors import Invalid
from app.domain.panels import PanelDetail, PanelRow
from app.domain.recipes import check_parameters, parse_recipe
from app.domain.terms import Terms


@dataclass(frozen=True)
class ChosenDataset:
    """The dataset of a submission, as the file-management database knows it.

    `files` are those of whose content something may be known.
    """

    ref: str
    name: str
    file_count: int
    files: Sequence[FileFacts] = ()


def check_dataset(dataset: ChosenDataset, panels: Sequence[PanelDetail]) -> None:
    """Raise `Invalid` where a dataset is empty, or is not what a panel or its service takes."""
    if dataset.file_count < 1:
        raise Invalid(
            f"The dataset “{dataset.name}” has no files yet. Upload at least one first.",
            field="dataset",
        )
    for panel in panels:
        has_several = dataset.file_count > 1 and not refusal_of(panel)
        if has_several and not parse_recipe(panel.recipe).takes_many:
            raise Invalid(
                f"“{panel.row.name}” imputes one file at a time, and the dataset “{dataset.name}” "
                f"has {dataset.file_count}. Make a dataset of each file, or choose another panel.",
                field="panels",
            )
        reasons = misfits_of(dataset.files, panel.row)
        if reasons:
            raise Invalid(f"“{panel.row.name}”: {' '.join(reasons)}", field="panels")


def misfits_of(files: Sequence[FileFacts], row: PanelRow) -> list[str]:
    """Why a panel's service would refuse a dataset's files, with the cures, as far as is known."""
    return misfits(
        files,
        limits=row.limits,
        service_name=row.service_name,
        service_type=row.service_type,
    )


def parameters_per_panel(
    panels: Sequence[PanelDetail], parameters: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Check the panels and give each the parameters that its recipe has, with its defaults."""
    if not panels:
        raise Invalid("Choose at least one panel.", field="panels")
    if len({panel.row.ref for panel in panels}) != len(panels):
        raise Invalid("A panel is chosen twice. Choose it once.", field="panels")
    for panel in panels:
        reason = refusal_of(panel)
        if reason:
            raise Invalid(f"“{panel.row.name}” cannot be used: {reason}", field="panels")
    recipes = [parse_recipe(panel.recipe) for panel in panels]
    names = [{parameter.name for parameter in recipe.parameters} for recipe in recipes]
    strangers = sorted(set(parameters) - set().union(*names))
    if strangers:
        raise Invalid(
            f"No chosen panel has a parameter “{strangers[0]}”. Leave it out.", field=strangers[0]
        )
    return [
        check_parameters(recipe, {key: parameters[key] for key in known & set(parameters)})
        for recipe, known in zip(recipes, names, strict=True)
    ]


def check_terms(panels: Sequence[PanelDetail], accepted_terms: Collection[str]) -> None:
    """Raise `Invalid` where the current terms of a panel or of its service are not accepted."""
    for one in terms_to_accept(panels, accepted_terms):
        raise Invalid(
            f"The terms of {one.title} (version {one.version}) are not accepted yet. Read and "
            "accept them first.",
            field="terms",
        )


def terms_to_accept(panels: Sequence[PanelDetail], accepted_terms: Collection[str]) -> list[Terms]:
    """The terms of these panels and their services that are not accepted yet, each once."""
    asked = {one.ref: one for panel in panels for one in panel.terms}
    return [one for ref, one in asked.items() if ref not in accepted_terms]


def refusal_of(panel: PanelDetail) -> str:
    """Why a panel cannot be chosen now, with the cure; empty if it can."""
    row = panel.row
    if row.retired_at is not None:
        return "the panel is retired. Choose another one."
    if not row.is_active:
        return "the panel is not in use now."
    if not row.service_is_active:
        return f"the service {row.service_name} is not in use now. Choose another one."
    if not row.has_recipe:
        return "it has no recipe yet. Ask an administrator to add one."
    return ""

"""A panel's recipe: how a run of it is made, which parameters a person may set, what comes back.

A recipe is JSON that an administrator keeps with a panel. Placeholders in `workflow_params`:

    ${input}             the first input's reference
    ${inputs}            the list of all inputs' references
    ${parameters.NAME}   a parameter, as the person set it or its default
    ${panel.NAME}        a value that the administrator filled in, such as the panel's path
    ${job}               our own id of the job
    ${password}          the password of the results' archives

A string that is only a placeholder keeps the value's type; inside a longer string the value is
written as text. An entry that is only the placeholder of a parameter without a value is left out.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError

from app.connectors.run_request import Attachment, RunRequest
from app.domain.errors import Invalid
from app.domain.parameters import Parameter, Strict, Value, is_shown, parse_value

WORKFLOWS_DIR = Path(__file__).resolve().parents[2] / "workflows"

_FILE_NAME = re.compile(r"^[A-Za-z0-9_][A-Za-z0-9._-]*$")
_PLACEHOLDER = re.compile(r"\$\{([^}]*)\}")


class ResultPattern(Strict):
    """Which outputs are the result: a shell pattern (`*.vcf.gz`) of the output's name.

    A required one is missed only in runs in which every parameter of `when` has the given value.
    """

    pattern: str = Field(min_length=1, max_length=200)
    role: Literal["imputed", "index", "quality", "statistics", "log", "other"] = "other"
    required: bool = False
    when: dict[str, Value] = Field(default_factory=dict)


class Recipe(Strict):
    """How a run is made, in the terms of WES (`POST /runs`).

    `attachments` are names of files in the project's `workflows` folder. `inputs_travel` says what
    the input's reference is: an attachment's name, a URL, or a DRS id.
    """

    workflow_url: str = Field(min_length=1, max_length=1000)
    workflow_type: str = Field(min_length=1, max_length=40)
    workflow_type_version: str = Field(min_length=1, max_length=40)
    workflow_engine: str = ""
    workflow_engine_version: str = ""
    workflow_engine_parameters: dict[str, Any] = Field(default_factory=dict)
    attachments: list[str] = Field(default_factory=list)
    inputs_travel: Literal["attachment", "url", "drs"] = "attachment"
    workflow_params: dict[str, Any] = Field(default_factory=dict)
    parameters: list[Parameter] = Field(default_factory=list)
    panel: dict[str, Any] = Field(default_factory=dict)
    results: list[ResultPattern] = Field(default_factory=list)

    @property
    def takes_many(self) -> bool:
        """Whether a run imputes all files of a dataset, or one file only."""
        return "inputs" in _placeholders(self.workflow_params)


@dataclass(frozen=True)
class Input:
    """An input of a run: a file on our disk, or where the service finds it (a URL or DRS id)."""

    name: str
    path: Path | None = None
    location: str = ""


def parse_recipe(data: Mapping[str, Any]) -> Recipe:
    """Read a recipe and check that it holds together; `Invalid` says what is wrong and where."""
    try:
        recipe = Recipe.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        place = " → ".join(str(part) for part in first["loc"]) or "the recipe"
        raise Invalid(
            f"The recipe is not valid at “{place}”: {first['msg']}. Correct it and save again.",
            field="recipe",
        ) from None
    _check_attachments(recipe)
    _check_parameters_declared(recipe)
    _check_placeholders(recipe)
    return recipe


def takes_password(recipe: Mapping[str, Any]) -> bool:
    """Whether a run by a stored recipe is given the password of the results' archives."""
    return "password" in _placeholders(recipe.get("workflow_params", {}))


def check_parameters(recipe: Recipe, values: Mapping[str, Any]) -> dict[str, Value]:
    """Return the parameters of a run: given values parsed, defaults filled in, hidden ones dropped.

    Values may be texts, as a form sends them. An unknown name, a value of the wrong kind or out of
    range, and a missing required value raise `Invalid` with `field` set to the parameter's name.
    """
    unknown = sorted(set(values) - {parameter.name for parameter in recipe.parameters})
    if unknown:
        raise Invalid(
            f"This panel has no parameter “{unknown[0]}”. Leave it out, or choose another panel.",
            field=unknown[0],
        )
    checked: dict[str, Value] = {}
    for parameter in recipe.parameters:
        if not is_shown(parameter, checked):
            continue
        given = values.get(parameter.name)
        if given is None or (given == "" and parameter.kind != "boolean"):
            given = parameter.default
        if given is None:
            if parameter.required:
                raise Invalid(f"{parameter.title} is missing. Fill it in.", field=parameter.name)
            continue
        checked[parameter.name] = parse_value(parameter, given)
    return checked


def render(
    recipe: Recipe,
    *,
    inputs: Sequence[Input],
    parameters: Mapping[str, Any],
    panel_values: Mapping[str, Any],
    job_ref: str,
    password: str = "",
) -> RunRequest:
    """Make the request that starts a run."""
    references = [_reference(recipe, given) for given in inputs]
    if not references:
        raise Invalid("The dataset has no files. Upload at least one before submitting.")
    if len(references) > 1 and not recipe.takes_many:
        raise Invalid(
            f"This panel imputes one file at a time, and the dataset has {len(references)}. "
            "Make a dataset of each file, and submit each."
        )
    values: dict[str, Any] = {"input": references[0], "inputs": references, "job": job_ref}
    values["password"] = password
    values |= {f"parameters.{name}": value for name, value in parameters.items()}
    values |= {f"panel.{name}": value for name, value in panel_values.items()}
    attachments = [Attachment(name, WORKFLOWS_DIR / name) for name in recipe.attachments]
    if recipe.inputs_travel == "attachment":
        attachments += [Attachment(given.name, given.path) for given in inputs if given.path]
    _check_names_differ(attachments)
    return RunRequest(
        job_ref=job_ref,
        workflow_url=recipe.workflow_url,
        workflow_type=recipe.workflow_type,
        workflow_type_version=recipe.workflow_type_version,
        workflow_params=_fill(recipe.workflow_params, values),
        workflow_engine=recipe.workflow_engine,
        workflow_engine_version=recipe.workflow_engine_version,
        workflow_engine_parameters=recipe.workflow_engine_parameters,
        attachments=attachments,
    )


def _check_attachments(recipe: Recipe) -> None:
    for name in recipe.attachments:
        if not _FILE_NAME.match(name) or not (WORKFLOWS_DIR / name).is_file():
            raise Invalid(
                f"The recipe attaches “{name}”, but there is no such file in the workflows folder. "
                "Correct the name, or give the workflow as a URL.",
                field="recipe",
            )


def _check_parameters_declared(recipe: Recipe) -> None:
    earlier: set[str] = set()
    for parameter in recipe.parameters:
        place = f"The recipe's parameter “{parameter.name}”"
        if parameter.name in earlier:
            raise Invalid(f"{place} is there twice. Remove one.", field="recipe")
        if parameter.kind == "choice" and not parameter.choices:
            raise Invalid(f"{place} is a choice without choices. List them.", field="recipe")
        strangers = sorted(set(parameter.when) - earlier)
        if strangers:
            raise Invalid(
                f"{place} depends on “{strangers[0]}”, which is not a parameter before it. "
                "Correct the name or the order.",
                field="recipe",
            )
        if parameter.default is not None:
            try:
                parse_value(parameter, parameter.default)
            except Invalid as error:
                raise Invalid(f"{place} has a bad default: {error}", field="recipe") from None
        earlier.add(parameter.name)


def _check_placeholders(recipe: Recipe) -> None:
    known = {"input", "inputs", "job", "password"}
    known |= {f"parameters.{parameter.name}" for parameter in recipe.parameters}
    known |= {f"panel.{name}" for name in recipe.panel}
    for name in _placeholders(recipe.workflow_params):
        if name not in known:
            raise Invalid(
                f"The recipe's workflow_params use “${{{name}}}”, which does not exist. "
                f"There are: {', '.join(sorted(known))}.",
                field="recipe",
            )


def _placeholders(template: Any) -> list[str]:
    if isinstance(template, str):
        return _PLACEHOLDER.findall(template)
    if isinstance(template, dict):
        return [name for part in template.values() for name in _placeholders(part)]
    if isinstance(template, list):
        return [name for part in template for name in _placeholders(part)]
    return []


def _reference(recipe: Recipe, given: Input) -> str:
    if recipe.inputs_travel == "attachment":
        if given.path is None:
            raise Invalid(
                f"The service wants “{given.name}” sent along, but it is not stored here."
            )
        return given.name
    if not given.location:
        kind = "URL" if recipe.inputs_travel == "url" else "DRS id"
        raise Invalid(
            f"This panel's service fetches its inputs by {kind}, and “{given.name}” has none. "
            "Choose a panel whose recipe sends the files along."
        )
    return given.location


def _check_names_differ(attachments: Sequence[Attachment]) -> None:
    seen: set[str] = set()
    for attachment in attachments:
        if attachment.name in seen:
            raise Invalid(
                f"Two files that travel with the run are called “{attachment.name}”. "
                "Rename one of them in the dataset."
            )
        seen.add(attachment.name)


_ABSENT = object()


def _fill(template: Any, values: Mapping[str, Any]) -> Any:
    if isinstance(template, str):
        whole = _PLACEHOLDER.fullmatch(template)
        if whole:
            return values.get(whole[1], _ABSENT)
        return _PLACEHOLDER.sub(lambda match: str(values.get(match[1], "")), template)
    if isinstance(template, dict):
        filled = {key: _fill(part, values) for key, part in template.items()}
        return {key: part for key, part in filled.items() if part is not _ABSENT}
    if isinstance(template, list):
        return [part for item in template if (part := _fill(item, values)) is not _ABSENT]
    return template

"""The recipe of a panel that a service describes itself, made from the form that starts a run.

The form is that of a Cloudgene application (`GET /api/v2/server/apps/{app}`): its fields become the
request's fields by the same names, and those that people decide become parameters.
"""

import re
from collections.abc import Mapping
from typing import Any

from app.connectors.offers import OfferedParameter, PanelOffer
from app.domain.errors import Invalid
from app.domain.parameters import Parameter, parse_value
from app.domain.recipes import parse_recipe

# The field with which every imputation server's form chooses the panel.
PANEL_FIELD = "refpanel"
POPULATION_FIELD = "population"
# With which data is compared with no population.
NO_POPULATION = "off"
PASSWORD = {"password": "${password}"}
# What the form's own words for its fields mean here; any other is a text.
FILES = frozenset({"local_folder", "local_file", "hdfs_folder", "hdfs_file", "folder", "file"})
CHOICES = frozenset({"list", "binded_list", "radio", "app_list"})
SWITCHES = frozenset({"checkbox", "collapse_switch"})
AGREEMENTS = frozenset({"terms_checkbox", "agbcheckbox"})
DECORATION = frozenset({"separator", "label", "info", "info_box", "group"})
AGREED = "true"
LONGEST_LABEL = 120
# An application that names no version is of the kind that speaks version 2 of the API.
UNTOLD_VERSION = "2"

RESULTS: tuple[Mapping[str, Any], ...] = (
    {"pattern": "*.zip", "role": "imputed", "required": True},
    {"pattern": "*.vcf.gz", "role": "imputed"},
    {"pattern": "*.tbi", "role": "index"},
    {"pattern": "*.info.gz", "role": "quality"},
    {"pattern": "*qc_report*", "role": "quality"},
    {"pattern": "*.html", "role": "quality"},
    {"pattern": "*.log", "role": "log"},
    {"pattern": "*.txt", "role": "statistics"},
    {"pattern": "*", "role": "other"},
)


def recipe_of(offer: PanelOffer) -> dict[str, Any]:
    """The recipe with which runs of an offered panel are made; it passes `parse_recipe`.

    Empty where the offer comes without a form that takes files; `Invalid` where the form cannot be
    made a recipe.

    What people agree to (`PanelOffer.terms`) is sent as agreed: a submission asks for it before.
    The password goes along although forms hide the field that takes it. A switch is sent as a truth
    value: the form counts one that is sent at all as on, so an unset one must not be sent.
    """
    fields: dict[str, Any] = {PANEL_FIELD: offer.panel_id}
    parameters: list[dict[str, Any]] = []
    for offered in offer.parameters:
        kind = kind_of(offered)
        if kind == "files":
            fields[offered.name] = "${inputs}"
        elif kind == "agreement":
            is_plain = not offered.choices or AGREED in offered.choices
            fields[offered.name] = AGREED if is_plain else next(iter(offered.choices))
        elif kind:
            parameter = _parameter(offer, offered)
            fields[offered.name] = f"${{parameters.{parameter['name']}}}"
            parameters.append(parameter)
    if not offer.application or "${inputs}" not in fields.values():
        return {}
    recipe = {
        "workflow_url": offer.application,
        "workflow_type": "CLOUDGENE",
        "workflow_type_version": offer.application_version[:40] or UNTOLD_VERSION,
        "inputs_travel": "attachment",
        "workflow_params": fields | PASSWORD,
        "parameters": parameters,
        "results": _results(parameters),
    }
    return parse_recipe(recipe).model_dump()


def kind_of(offered: OfferedParameter) -> str:
    """What a field of the form becomes: a parameter's kind, `files`, `agreement`, or "" for none.

    The choice of the panel and the password are made here, and headings of the form are no fields.
    """
    kind = offered.kind.lower()
    if kind in DECORATION or offered.name == PANEL_FIELD or offered.name in PASSWORD:
        return ""
    if kind in FILES:
        return "files"
    if kind in AGREEMENTS:
        return "agreement"
    if kind in SWITCHES:
        return "boolean"
    if kind in CHOICES:
        return "choice"
    return "number" if kind == "number" else "string"


def _parameter(offer: PanelOffer, offered: OfferedParameter) -> dict[str, Any]:
    choices = offered.choices
    if not choices and offered.name == POPULATION_FIELD:
        choices = offer.populations
    # A choice without a value stands for choosing nothing.
    choices = {value: label for value, label in choices.items() if value}
    kind = kind_of(offered)
    if kind == "choice" and not choices:
        kind = "string"
    made: dict[str, Any] = {
        "name": _name(offered.name),
        "label": _cut(offered.label),
        "kind": kind,
        "required": offered.required and kind != "boolean",
        "help": offered.help,
    }
    if kind == "choice":
        made["choices"] = list(choices)
        made["labels"] = {value: label for value, label in choices.items() if label != value}
    default = offered.default
    if default is None:
        default = _only(choices, but=NO_POPULATION if offered.name == POPULATION_FIELD else "")
    made["default"] = _default(made, default)
    return made


def _only(choices: Mapping[str, str], *, but: str) -> str | None:
    """The one that there is to choose, apart from `but`; None where a person has to."""
    meant = [value for value in choices if value != but] or list(choices)
    return meant[0] if len(meant) == 1 else None


def _default(made: Mapping[str, Any], default: str | None) -> Any:
    """The default as its kind has it, or None where the form's own would not be accepted."""
    if default is None:
        return False if made["kind"] == "boolean" else None
    try:
        return parse_value(Parameter.model_validate(dict(made)), default)
    except Invalid:
        return None


def _results(parameters: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Which outputs count; a run that only checks the quality has no archive to leave."""
    modes: list[str] = next(
        (one.get("choices", []) for one in parameters if one["name"] == "mode"), []
    )
    only = {"when": {"mode": "imputation"}} if "imputation" in modes and len(modes) > 1 else {}
    return [{**pattern, **(only if pattern.get("required") else {})} for pattern in RESULTS]


def _name(name: str) -> str:
    """A field's name as a parameter may be called."""
    plain = re.sub(r"\W", "_", name, flags=re.ASCII)[:60]
    return plain if not plain[:1].isdigit() else f"_{plain[:59]}"


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_LABEL else f"{text[: LONGEST_LABEL - 1]}…"

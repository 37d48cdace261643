"""One form for the parameters of several recipes: what two of them have is asked for once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.domain.errors import Invalid
from app.domain.parameters import Parameter, is_shown, parse_value
from app.domain.recipes import Recipe


@dataclass(frozen=True)
class FormField:
    """A parameter to ask for, and the names of the panels that have it."""

    parameter: Parameter
    panels: Sequence[str]


def form_fields(
    recipes: Sequence[tuple[str, Recipe]], values: Mapping[str, Any]
) -> list[FormField]:
    """The fields that apply, given what is filled in so far (`recipes` are panels' names, theirs).

    Where two recipes describe a parameter of one name differently, the first one's field is shown,
    and each checks the value by its own rules when the form is sent.
    """
    fields: dict[str, FormField] = {}
    for panel, recipe in recipes:
        known: dict[str, Any] = {}
        for parameter in recipe.parameters:
            if not is_shown(parameter, known):
                continue
            known[parameter.name] = _so_far(parameter, values)
            earlier = fields.get(parameter.name)
            fields[parameter.name] = FormField(
                parameter=earlier.parameter if earlier else parameter,
                panels=[*(earlier.panels if earlier else ()), panel],
            )
    return list(fields.values())


def _so_far(parameter: Parameter, values: Mapping[str, Any]) -> Any:
    given = values.get(parameter.name, parameter.default)
    if given is None:
        return None
    try:
        return parse_value(parameter, given)
    except Invalid:
        return None

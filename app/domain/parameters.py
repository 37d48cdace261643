"""A parameter that a person may set for a run: what it is, and how a given value is read."""

import math
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.domain.errors import Invalid

Kind = Literal["string", "integer", "number", "boolean", "choice"]
Value = bool | int | float | str

_NAME = r"^[A-Za-z_][A-Za-z0-9_]*$"
_TRUE = {"true", "on", "yes", "1"}
_FALSE = {"false", "off", "no", "0", ""}


class Strict(BaseModel):
    """A part of a recipe: what it does not know, it refuses."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Parameter(Strict):
    """One thing that a person may set for a run.

    `when` shows it only while every named, earlier parameter has the given value. `labels` are what
    people call the choices, where that is not the value itself.
    """

    name: str = Field(pattern=_NAME, max_length=60)
    label: str = Field(default="", max_length=120)
    kind: Kind
    default: Value | None = None
    minimum: float | None = None
    maximum: float | None = None
    choices: list[str] = Field(default_factory=list)
    labels: dict[str, str] = Field(default_factory=dict)
    required: bool = False
    help: str = ""
    when: dict[str, Value] = Field(default_factory=dict)

    @property
    def title(self) -> str:
        """The label, or the name where there is none."""
        return self.label or self.name

    def label_of(self, value: Any) -> Any:
        """What people call a value: the choice's label, or the value itself."""
        return self.labels.get(str(value), value)


def is_shown(parameter: Parameter, values: Mapping[str, Any]) -> bool:
    """Tell whether a parameter applies, given the values of those before it."""
    return all(values.get(other) == wanted for other, wanted in parameter.when.items())


def parse_value(parameter: Parameter, given: Any) -> Value:
    """Read a given value, a text as a form sends it or the real thing; `Invalid` says the cure."""
    title, field = parameter.title, parameter.name
    if parameter.kind == "boolean":
        word = str(given).strip().lower()
        if word not in _TRUE | _FALSE:
            raise Invalid(f"{title} is yes or no, not “{given}”.", field=field)
        return word in _TRUE
    if parameter.kind == "choice":
        if str(given) not in parameter.choices:
            choices = ", ".join(str(parameter.label_of(one)) for one in parameter.choices)
            raise Invalid(f"{title} cannot be “{given}”. Choose one of: {choices}.", field=field)
        return str(given)
    if parameter.kind == "string":
        return str(given).strip()
    return _parse_number(parameter, given)


def _parse_number(parameter: Parameter, given: Any) -> Value:
    title, field = parameter.title, parameter.name
    is_whole = parameter.kind == "integer"
    try:
        number = int(str(given)) if is_whole else float(str(given))
    except ValueError:
        kind = "a whole number" if is_whole else "a number"
        raise Invalid(f"{title} must be {kind}, not “{given}”.", field=field) from None
    if not math.isfinite(number):
        raise Invalid(f"{title} must be a number, not “{given}”.", field=field)
    if parameter.minimum is not None and number < parameter.minimum:
        raise Invalid(f"{title} must be at least {parameter.minimum:g}.", field=field)
    if parameter.maximum is not None and number > parameter.maximum:
        raise Invalid(f"{title} must be at most {parameter.maximum:g}.", field=field)
    return number

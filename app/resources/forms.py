"""What a form says, as the texts that the functions of the domain are given."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from math import isfinite
from typing import Any, Literal

from sqlmodel import Session

from app.domain.access import Actor
from app.domain.errors import Invalid
from app.resources.base import Choices, Field, Fieldset, Form

LONGEST = 20_000


def fieldsets_of(form: Form, asked: Literal["add", "change"]) -> list[Fieldset]:
    """What a form asks for something new, or of what is there."""
    return [
        replace(fieldset, fields=fields)
        for fieldset in form.fieldsets
        if (fields := [one for one in fieldset.fields if one.asked in ("always", asked)])
    ]


def texts_of(fields: Sequence[Field], form: Mapping[str, Any]) -> dict[str, str]:
    """What was typed into each field; `Invalid` names one that is missing or cannot be read.

    A `tick` is `yes` or nothing; `several` are the ticked ones with commas between (`several_in`).
    """
    return {one.name: _checked(one, _text(one, form)) for one in fields}


def several_in(text: str) -> list[str]:
    """The ticked ones of a field `several`."""
    return [one for one in text.split(",") if one]


def choices_of(choices: Choices, session: Session, actor: Actor) -> Mapping[str, str]:
    """What there is to choose from now: values and how they read."""
    return choices(session, actor) if callable(choices) else choices


def _text(one: Field, form: Mapping[str, Any]) -> str:
    if one.control == "tick":
        return "yes" if form.get(one.name) in (True, "on", "yes", "true") else ""
    if one.control == "several":
        start = f"{one.name}."
        return ",".join(key.removeprefix(start) for key in form if str(key).startswith(start))
    text = str(form.get(one.name) or "").replace("\x00", "")[:LONGEST]
    return text if one.control == "secret" else text.strip()


def _checked(one: Field, text: str) -> str:
    if one.required and not text:
        raise Invalid(f"Fill in “{one.title}”.", field=one.name)
    if text and one.control == "number" and not _is(_number, text):
        raise Invalid(f"“{one.title}” must be a number, such as 12 or 0.5.", field=one.name)
    if text and one.control == "day" and not _is(date.fromisoformat, text):
        raise Invalid(f"“{one.title}” must be a day, such as 2026-03-31.", field=one.name)
    return text


def _is(kind: Any, text: str) -> bool:
    try:
        return bool(kind(text))
    except ValueError:
        return False


def _number(text: str) -> bool:
    return isfinite(float(text))

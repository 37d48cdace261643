"""A described form as a page shows it: its fields with their values and choices."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypedDict

from app.domain.access import Actor
from app.resources.base import Field, Fieldset
from app.resources.forms import choices_of, several_in
from models import db


class ChoiceVar(TypedDict):
    """One of the choices of a field."""

    value: str
    title: str
    is_chosen: bool


class FieldVar(TypedDict):
    """A field with the value that it begins with."""

    name: str
    title: str
    control: str
    hint: str
    placeholder: str
    required: bool
    value: str
    choices: list[ChoiceVar]


class FieldsetVar(TypedDict):
    """Fields under a heading."""

    title: str
    hint: str
    fields: list[FieldVar]


class Difference(TypedDict):
    """A field that somebody else has changed meanwhile: as it was, as it is, as it was typed."""

    title: str
    before: str
    now: str
    typed: str


REASON = Field(
    "reason", "Why", "text", required=True, hint="It is kept in the audit log, and shown there."
)


def fieldset_vars(
    session: db.Session, actor: Actor, fieldsets: Iterable[Fieldset], values: Mapping[str, str]
) -> list[FieldsetVar]:
    """Fieldsets with the choices that there are now. A secret has no value."""
    return [
        FieldsetVar(
            title=fieldset.title,
            hint=fieldset.hint,
            fields=[
                _field(one, choices_of(one.choices, session, actor), values.get(one.name, ""))
                for one in fieldset.fields
            ],
        )
        for fieldset in fieldsets
    ]


def with_values(fieldsets: Sequence[FieldsetVar], values: Mapping[str, str]) -> list[FieldsetVar]:
    """The same fields with other values."""
    return [
        {
            **fieldset,
            "fields": [_again(one, values.get(one["name"], "")) for one in fieldset["fields"]],
        }
        for fieldset in fieldsets
    ]


def differences(
    fieldsets: Sequence[FieldsetVar],
    *,
    before: Mapping[str, str],
    now: Mapping[str, str],
    typed: Mapping[str, str],
) -> list[Difference]:
    """The fields that are not any more as they were when the form was opened."""
    return [
        Difference(
            title=one["title"],
            before=_read(one, before.get(one["name"], "")),
            now=_read(one, now.get(one["name"], "")),
            typed=_read(one, typed.get(one["name"], "")),
        )
        for fieldset in fieldsets
        for one in fieldset["fields"]
        if one["control"] != "secret" and before.get(one["name"], "") != now.get(one["name"], "")
    ]


def merged(
    *, before: Mapping[str, str], now: Mapping[str, str], typed: Mapping[str, str]
) -> dict[str, str]:
    """What was typed over what is there now: a field that was left alone follows the others."""
    return {
        name: value if value != before.get(name, "") else now.get(name, "")
        for name, value in typed.items()
    }


def _field(one: Field, choices: Mapping[str, str], value: str) -> FieldVar:
    shown = "" if one.control == "secret" else value
    return FieldVar(
        name=one.name,
        title=one.title,
        control=one.control,
        hint=one.hint,
        placeholder=one.placeholder,
        required=one.required,
        value=shown,
        choices=_choices(one, choices, shown),
    )


def _choices(one: Field, choices: Mapping[str, str], value: str) -> list[ChoiceVar]:
    chosen = several_in(value) if one.control == "several" else [value]
    # What is set stays a choice, even where it would not be offered any more.
    offered = {**choices, **{known: known for known in chosen if known and known not in choices}}
    if one.control == "choice" and (not one.required or not value):
        offered = {"": "–", **offered}
    return (
        [
            ChoiceVar(value=key, title=title, is_chosen=key in chosen)
            for key, title in offered.items()
        ]
        if one.control in ("choice", "several")
        else []
    )


def _again(one: FieldVar, value: str) -> FieldVar:
    chosen = several_in(value) if one["control"] == "several" else [value]
    choices = [{**choice, "is_chosen": choice["value"] in chosen} for choice in one["choices"]]
    return {**one, "value": "" if one["control"] == "secret" else value, "choices": choices}


def _read(one: FieldVar, value: str) -> str:
    """A value in the words that the form has for it."""
    if one["control"] == "tick":
        return "yes" if value else "no"
    if one["control"] in ("choice", "several"):
        titles = {choice["value"]: choice["title"] for choice in one["choices"]}
        parts = several_in(value) if one["control"] == "several" else [value]
        return ", ".join(titles.get(part, part) for part in parts)
    return value

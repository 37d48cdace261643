"""What is asked of an administrator before something is done, and the doing of it.

A sheet is a form for one object: what an action needs to know, a change, or something new.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypedDict

from app.domain.access import Actor, require
from app.domain.errors import NotFound
from app.resources.acting import act, action_of, values_of
from app.resources.base import Added, Field, Fieldset, Form, Resource
from app.resources.forms import fieldsets_of, texts_of
from app.resources.listing import get_row
from app.resources.register import resource_named
from app.states.resource_fields import REASON, FieldsetVar, fieldset_vars
from models import db


@dataclass(frozen=True)
class Asked:
    """What a sheet is for. `name` is an action's; `parent` is the object that something new joins.

    `first` are the values that it began with, `version` is that of the object then.
    """

    kind: Literal["action", "change", "add"] = "add"
    resource: str = ""
    name: str = ""
    ref: str = ""
    parent: str = ""
    version: str = ""
    first: Mapping[str, str] = field(default_factory=dict)


class Sheet(TypedDict):
    """A form as a page shows it; `word` is what its button says."""

    title: str
    text: str
    word: str
    is_red: bool
    fieldsets: list[FieldsetVar]


NO_SHEET = Sheet(title="", text="", word="", is_red=False, fieldsets=[])


@dataclass(frozen=True)
class Done:
    """What was done, in a sentence; where the object is; and a secret that is shown once."""

    said: str
    href: str = ""
    secret: str = ""


def open_action(
    session: db.Session, *, actor: Actor, resource: Resource, name: str, ref: str
) -> tuple[Asked, Sheet]:
    """Ask what an action needs to know of one object."""
    action = action_of(resource, name, actor=actor)
    row = get_row(session, actor=actor, resource=resource, ref=ref)
    fields = [*action.fields, *([REASON] if action.asks_reason else [])]
    fieldsets = [Fieldset("", fields)] if fields else []
    return Asked("action", resource.name, name=name, ref=ref), Sheet(
        title=f"{action.title}: {row.label}",
        text=action.text,
        word=action.title,
        is_red=action.is_red,
        fieldsets=fieldset_vars(session, actor, fieldsets, {}),
    )


def open_change(
    session: db.Session, *, actor: Actor, resource: Resource, ref: str
) -> tuple[Asked, Sheet]:
    """Ask what is to be changed of an object, beginning with what is there now."""
    form = _form_of(resource, actor)
    row = get_row(session, actor=actor, resource=resource, ref=ref)
    if form.read is None or form.change is None:
        raise NotFound("form")
    first = dict(form.read(session, actor=actor, ref=ref))
    asked = Asked("change", resource.name, ref=ref, version=first.pop("version", ""), first=first)
    return asked, Sheet(
        title=f"Change {row.label}",
        text="",
        word="Save",
        is_red=False,
        fieldsets=fieldset_vars(session, actor, fieldsets_of(form, "change"), first),
    )


def open_add(
    session: db.Session, *, actor: Actor, resource: Resource, parent: str
) -> tuple[Asked, Sheet]:
    """Ask for something new."""
    form = _form_of(resource, actor)
    if form.add is None:
        raise NotFound("form")
    return Asked("add", resource.name, parent=parent), Sheet(
        title=f"Add a {resource.one}",
        text="",
        word=f"Add the {resource.one}",
        is_red=False,
        fieldsets=fieldset_vars(session, actor, fieldsets_of(form, "add"), {}),
    )


def do(session: db.Session, *, actor: Actor, asked: Asked, form: Mapping[str, Any]) -> Done:
    """Do what a sheet asked for, with what was typed.

    Raises `Invalid` with the field's name, and `Outdated` where the object has been changed since.
    """
    resource = resource_named(asked.resource)
    if asked.kind == "action":
        return _act(session, actor, resource, asked, form)
    described = _form_of(resource, actor)
    values = texts_of(_fields(described, asked.kind), form)
    if asked.kind == "change":
        get_row(session, actor=actor, resource=resource, ref=asked.ref)
        if described.change is None:
            raise NotFound("form")
        described.change(session, actor=actor, ref=asked.ref, values=values, version=asked.version)
        return Done("Saved.", resource.href_of(asked.ref))
    if described.add is None:
        raise NotFound("form")
    made = described.add(session, actor=actor, values=values, parent=asked.parent)
    added = made if isinstance(made, Added) else Added(made, "")
    said = added.text or f"The {resource.one} is added."
    return Done(said, resource.href_of(added.ref), added.secret)


def typed_in(asked: Asked, form: Mapping[str, Any]) -> dict[str, str]:
    """What was typed into a form, unchecked, without its secrets."""
    fieldsets = fieldsets_of(resource_named(asked.resource).form or Form((), ""), "change")
    fields = [
        replace(
            one, required=False, control="line" if one.control in ("number", "day") else one.control
        )
        for fieldset in fieldsets
        for one in fieldset.fields
        if one.control != "secret"
    ]
    return texts_of(fields, form)


def _act(
    session: db.Session, actor: Actor, resource: Resource, asked: Asked, form: Mapping[str, Any]
) -> Done:
    action = action_of(resource, asked.name, actor=actor)
    values = values_of(action, form)
    said = act(session, actor=actor, resource=resource, action=action, ref=asked.ref, values=values)
    return Done(f"{action.title}: done.", secret=said) if action.reveals else Done(said)


def _form_of(resource: Resource, actor: Actor) -> Form:
    require(actor, resource.permission)
    if resource.form is None:
        raise NotFound("form")
    require(actor, resource.form.permission)
    return resource.form


def _fields(form: Form, asked: Literal["add", "change"]) -> list[Field]:
    return [one for fieldset in fieldsets_of(form, asked) for one in fieldset.fields]

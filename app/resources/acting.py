"""Doing one of a resource's actions to one object."""

from collections.abc import Mapping
from typing import Any

from sqlmodel import Session

from app.domain.access import Actor, require
from app.domain.errors import Invalid, NotFound, Refused
from app.resources.base import Action, Resource
from app.resources.forms import texts_of
from app.resources.listing import get_row


def action_of(resource: Resource, name: str, *, actor: Actor) -> Action:
    """An action of a resource that the actor may do; `NotAllowed` without its permission."""
    action = resource.action(name)
    if action is None:
        raise NotFound("action")
    require(actor, resource.permission)
    require(actor, action.permission)
    return action


def values_of(action: Action, form: Mapping[str, Any]) -> dict[str, str]:
    """What a form says for an action; `Invalid` names a field that must be filled in."""
    values = texts_of(action.fields, form)
    if action.asks_reason:
        values["reason"] = str(form.get("reason", ""))[:500].strip()
        if not values["reason"]:
            raise Invalid("Say why: it is kept in the audit log.", field="reason")
    return values


def act(
    session: Session,
    *,
    actor: Actor,
    resource: Resource,
    action: Action,
    ref: str,
    values: Mapping[str, str],
) -> str:
    """Do an action to one object; return what it did, in a sentence.

    Raises `NotFound` for an object that the actor cannot see, and `Refused` where it is not offered
    for the object as it is now.
    """
    row = get_row(session, actor=actor, resource=resource, ref=ref)
    if action.name not in row.actions or action.run is None:
        raise Refused(f"“{action.title}” cannot be done to {row.label} as it is now.")
    return action.run(session, actor=actor, ref=ref, **values) or f"{action.title}: done"

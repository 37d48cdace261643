"""What was done to an object, as its page tells it."""

from typing import Any, TypedDict

import reflex as rx

from app.domain.access import Actor
from app.domain.audit import Entry, history_of
from app.resources.base import Resource
from app.states.calls import call
from app.states.guard import guarded
from app.states.object_here import object_here
from models import db


class ChangedField(TypedDict):
    """One field before and after."""

    name: str
    before: str
    after: str


class HistoryItem(TypedDict):
    """One entry of the audit log; `href` leads to all that belongs to the same act."""

    ref: str
    at: str
    who: str
    address: str
    action: str
    reason: str
    href: str
    changes: list[ChangedField]


class ResourceHistoryState(rx.State):
    """The newest entries about the object of the page."""

    entries: list[HistoryItem] = []

    @guarded("")
    async def load(self, actor: Actor) -> None:
        """Read what was done to the object, for those who may read the audit log."""
        resource, ref = object_here(self.router.url.path)
        self.entries = [history_item(one) for one in await _history(actor, resource, ref)]


async def who_changed(actor: Actor, resource: Resource, ref: str) -> str:
    """Who did something to an object last, and when, for those who may know it."""
    try:
        entries = await _history(actor, resource, ref, most=1)
    except db.UNAVAILABLE:
        return ""
    return "".join(f"{one.actor_name}, {one.at:%Y-%m-%d %H:%M} UTC" for one in entries)


def history_item(entry: Entry) -> HistoryItem:
    """An entry as the page shows it."""
    act = entry.correlation_ref
    return HistoryItem(
        ref=entry.ref,
        at=entry.at.isoformat(),
        who=entry.actor_name,
        address=entry.client_address,
        action=entry.action,
        reason=entry.reason,
        href=f"/admin/audit?act={act}" if act else "",
        changes=[
            ChangedField(name=one.field, before=one.before, after=one.after)
            for one in entry.differences
        ],
    )


async def _history(actor: Actor, resource: Resource, ref: str, **named: Any) -> Any:
    if not resource.target or not actor.may("audit:read"):
        return []
    target = {"target_type": resource.target, "target_ref": ref}
    return await call(db.PLATFORM, history_of, actor=actor, **target, **named)

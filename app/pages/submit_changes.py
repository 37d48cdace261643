"""On the way to a submission: what changed at the services since the person's last job there."""

from typing import TypedDict

import reflex as rx

from app.components.frame import notice
from app.components.moment import moment
from app.domain.access import Actor
from app.domain.last_submissions import last_submissions
from app.domain.service_changes import changed_for
from app.domain.services import list_services
from app.states.calls import call
from app.states.guard import guarded
from app.states.service_item import iso
from models import db

MOST_EACH = 3


class ChangedItem(TypedDict):
    """A service that changed: its newest changes, and how many more there are."""

    ref: str
    name: str
    since: str
    texts: list[str]
    more: int


class SubmitChangesState(rx.State):
    """The services that changed since the person last sent something there."""

    services: list[ChangedItem] = []

    @guarded("job:submit")
    async def load(self, actor: Actor) -> None:
        """Read what changed; without a database there is nothing to say, and nothing is hidden."""
        try:
            since = await call(db.JOBS, last_submissions, actor=actor)
            changed = await call(db.REGISTRY, changed_for, actor=actor, since=since)
            rows = await call(db.REGISTRY, list_services, actor=actor) if changed else []
        except db.UNAVAILABLE:
            self.services = []
            return
        self.services = [
            ChangedItem(
                ref=row.ref,
                name=row.name,
                since=iso(since[row.ref]),
                texts=[one.text for one in changed[row.ref][:MOST_EACH]],
                more=max(0, len(changed[row.ref]) - MOST_EACH),
            )
            for row in rows
            if row.ref in changed
        ]


def _service(item: ChangedItem) -> rx.Component:
    text = rx.fragment(
        rx.link(item.name, href="/services/" + item.ref, underline="always", color="inherit"),
        " has changed since your last job there (",
        moment(item.since),
        "): ",
        rx.foreach(item.texts, lambda text: rx.fragment(text, " ")),
        rx.cond(item.more > 0, rx.fragment("And ", item.more, " more."), ""),
    )
    return notice(text, color="amber", icon="history")


def changed_notices() -> rx.Component:
    """Say which services changed since the person's last job there."""
    return rx.el.div(
        rx.foreach(SubmitChangesState.services, _service),
        on_mount=SubmitChangesState.load,
        class_name="stack",
    )

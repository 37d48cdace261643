"""On a service's page: what changed there, besides whether it is up."""

from typing import TypedDict

import reflex as rx

from app.components.frame import section
from app.components.moment import exact_moment, moment
from app.components.status import badge
from app.domain.access import Actor
from app.domain.errors import NotFound
from app.domain.service_changes import AT_SERVICE, ChangeRow, changes_of
from app.states.calls import call
from app.states.guard import guarded
from app.states.route import route_argument
from app.states.service_item import iso
from models import db

ROWS = 30
KINDS = {
    "software": ("Software", "indigo", "package"),
    "description": ("Description", "blue", "file-text"),
    "panels": ("Panels", "purple", "layers"),
    "certificate": ("Certificate", "green", "shield-check"),
    "conformance": ("Conformance", "amber", "list-checks"),
}


class ChangeItem(TypedDict):
    """A change in the list: in one sentence, and part by part.

    `preview` is where its panels can be brought here.
    """

    at: str
    kind: str
    text: str
    details: list[str]
    preview: str


class ServiceChangesState(rx.State):
    """The changes of the service in the URL."""

    changes: list[ChangeItem] = []
    count: int = 0
    csv: str = ""

    @guarded("service:read")
    async def load(self, actor: Actor) -> None:
        """Read the newest changes."""
        service_ref = route_argument(self, "service_ref")
        try:
            rows = await call(db.REGISTRY, changes_of, actor=actor, service_ref=service_ref)
        except NotFound:
            return
        preview = f"/admin/services/{service_ref}#panels" if actor.may("service:write") else ""
        self.changes = [change_item(row, preview) for row in rows[:ROWS]]
        self.count = len(rows)
        self.csv = f"/api/services/{service_ref}/changes.csv"


def change_item(row: ChangeRow, preview: str = "") -> ChangeItem:
    """Make the list's entry of a change; `preview` leads to the preview of the panels."""
    return ChangeItem(
        at=iso(row.at),
        kind=row.kind,
        text=row.text,
        details=list(row.details),
        preview=preview if row.text.startswith(AT_SERVICE) else "",
    )


def _kind(kind: rx.Var[str]) -> rx.Component:
    cases = [(key, badge(*facts)) for key, facts in KINDS.items()]
    return rx.match(kind, *cases, badge(kind, "gray", "history"))


def _change(item: ChangeItem) -> rx.Component:
    return rx.el.li(
        rx.el.div(
            _kind(item.kind),
            exact_moment(item.at),
            rx.text(moment(item.at), size="1", class_name="muted"),
            class_name="row",
        ),
        rx.text(item.text, size="2", class_name="change-text"),
        rx.cond(
            item.details,
            rx.el.ul(
                rx.foreach(item.details, lambda text: rx.el.li(rx.text(text, size="2"))),
                class_name="change-details",
            ),
        ),
        rx.cond(
            item.preview,
            rx.link("Panels changed at the service: preview", href=item.preview, size="2"),
        ),
    )


def changes_section() -> rx.Component:
    """The section of a service's page that lists what changed there, newest first."""
    state = ServiceChangesState
    listed = rx.el.div(
        rx.el.ol(rx.foreach(state.changes, _change), class_name="changes"),
        rx.cond(
            state.count > ROWS,
            rx.text(f"The newest {ROWS} are listed.", size="1", class_name="muted"),
        ),
        rx.link(
            rx.icon("download", size=14, aria_hidden="true"),
            "These changes as CSV",
            href=state.csv,
            # The browser's own navigation: the page's router knows no such page.
            reload_document=True,
            size="2",
            class_name="action-link",
        ),
        class_name="stack",
    )
    none = rx.text(
        "Nothing has changed since it was added: software, engines, parameters, panels and "
        "certificate are compared at every check.",
        size="2",
        class_name="muted",
    )
    return section("Changes", rx.cond(state.changes, listed, none))

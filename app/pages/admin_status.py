"""Who may see the status page: nobody, until an administrator opens it to visitors."""

import reflex as rx

from app.components.frame import page_header, section, skeleton
from app.components.moment import moment
from app.components.status import badge
from app.domain import status_page
from app.domain.access import Actor
from app.pages.template import page
from app.states.calls import call
from app.states.guard import guarded
from app.states.service_item import iso
from models import db

ADDRESSES = (
    ("/status", "The page: each service's state, bar of days, uptime and queue"),
    ("/status/badge.svg", "A badge for other pages: how many services are available"),
    ("/status/badge.svg?service=…", "The same of one service, by the last part of its address"),
    ("/status.json", "The list for machines, as of a GA4GH service registry"),
)


class StatusPageState(rx.State):
    """Whether visitors may see the status page."""

    is_open: bool = False
    since: str = ""
    is_loaded: bool = False

    @guarded("setting:write")
    async def load(self, actor: Actor) -> None:
        """Read whether the page is open."""
        found = await call(db.PLATFORM, status_page.status_page, actor=actor)
        self.is_open, self.since = found.is_open, iso(found.since)
        self.is_loaded = True

    @guarded("setting:write")
    async def show_to_visitors(self, actor: Actor, to: bool) -> rx.event.EventSpec:
        """Open the page to visitors, or close it."""
        await call(db.PLATFORM, status_page.set_open, actor=actor, to=to is True)
        return StatusPageState.load()


def _address(path: str, what: str) -> rx.Component:
    shown = rx.cond(
        StatusPageState.is_open & (path.find("…") < 0),
        rx.link(path, href=path, is_external=True, class_name="mono"),
        rx.el.span(path, class_name="mono"),
    )
    return rx.el.li(
        rx.el.div(shown, rx.text(what, size="1", class_name="muted"), class_name="list-main")
    )


def _switch() -> rx.Component:
    state = StatusPageState
    return rx.el.div(
        rx.el.label(
            rx.switch(checked=state.is_open, on_change=state.show_to_visitors, high_contrast=True),
            "Everybody who can reach this platform may see the status page",
            class_name="row",
        ),
        rx.el.div(
            rx.cond(
                state.is_open, badge("Open", "green", "eye"), badge("Closed", "gray", "eye-off")
            ),
            rx.cond(state.since, rx.text("since ", moment(state.since), size="2")),
            class_name="row",
        ),
        rx.text(
            "Visitors need no account. They see names, places, states, uptime, response times and "
            "queues of the services in use; no addresses, no messages, no people and no jobs. "
            "A change reaches them within seconds; closed, the page answers as if it were not "
            "there.",
            size="2",
            class_name="muted",
        ),
        class_name="stack",
    )


@page("/admin/status", title="Status page", on_load=StatusPageState.load)
def admin_status() -> rx.Component:
    """Show the switch, and where the page is."""
    addresses = rx.el.ul(*[_address(*entry) for entry in ADDRESSES], class_name="list")
    return rx.fragment(
        page_header("Status page", subtitle="How the services are, for people without an account."),
        rx.cond(
            StatusPageState.is_loaded,
            rx.fragment(
                section("Who may see it", _switch()),
                section("Addresses", addresses),
            ),
            skeleton(),
        ),
    )

"""Notifications: what one was told, the newest first."""

from typing import TypedDict

import reflex as rx

from app.components.frame import empty_state, page_header, pager, skeleton
from app.components.moment import moment
from app.domain import notifications as domain
from app.domain.access import Actor
from app.domain.notifications import NotificationRow
from app.pages.template import page
from app.states.calls import call
from app.states.guard import guarded
from app.states.service_item import iso
from app.states.session import SessionState
from models import db


class MessageItem(TypedDict):
    """A message in the list."""

    ref: str
    topic: str
    title: str
    body: str
    link: str
    created_at: str
    is_unread: bool


class NotificationsState(rx.State):
    """The page's messages."""

    messages: list[MessageItem] = []
    number: int = 1
    pages: int = 1
    total: int = 0
    unread: int = 0
    is_loaded: bool = False

    @guarded("")
    async def load(self, actor: Actor) -> rx.event.EventSpec:
        """Read the page of one's own messages."""
        found = await call(
            db.NOTIFICATIONS, domain.list_notifications, actor=actor, number=self.number
        )
        self.messages = [_item(row) for row in found.rows]
        self.number, self.pages, self.total = found.number, found.last_number, found.total
        self.unread = await call(db.NOTIFICATIONS, domain.unread_count, actor=actor)
        self.is_loaded = True
        return SessionState.load

    @guarded("")
    async def go(self, actor: Actor, number: int) -> rx.event.EventSpec:
        """Show another page."""
        self.number = number if isinstance(number, int) else 1
        return NotificationsState.load

    @guarded("")
    async def read_one(self, actor: Actor, ref: str) -> None:
        """Mark a message as read."""
        await call(db.NOTIFICATIONS, domain.mark_read, actor=actor, notification_ref=str(ref)[:40])

    @guarded("")
    async def read_all(self, actor: Actor) -> rx.event.EventSpec:
        """Mark every message as read."""
        await call(db.NOTIFICATIONS, domain.mark_read, actor=actor)
        return NotificationsState.load


def _item(row: NotificationRow) -> MessageItem:
    return MessageItem(
        ref=row.ref,
        topic=row.topic,
        title=row.title,
        body=row.body,
        link=row.link,
        created_at=iso(row.created_at),
        is_unread=row.read_at is None,
    )


def _icon(item: MessageItem) -> rx.Component:
    return rx.match(
        item.topic,
        (
            "job.completed",
            rx.icon("circle-check", size=18, aria_hidden="true", color=rx.color("green", 11)),
        ),
        ("job.failed", rx.icon("circle-x", size=18, aria_hidden="true", color=rx.color("red", 11))),
        ("job.held", rx.icon("hand", size=18, aria_hidden="true", color=rx.color("amber", 11))),
        rx.icon("bell", size=18, aria_hidden="true"),
    )


def _message(item: MessageItem) -> rx.Component:
    title = rx.cond(
        item.link,
        rx.link(
            item.title,
            href=item.link,
            on_click=NotificationsState.read_one(item.ref),
            weight=rx.cond(item.is_unread, "bold", "regular"),
            high_contrast=True,
        ),
        rx.text(item.title),
    )
    return rx.el.li(
        _icon(item),
        rx.el.div(
            rx.el.div(
                title,
                rx.cond(item.is_unread, rx.badge("New", high_contrast=True)),
                rx.el.span(moment(item.created_at), class_name="muted message-time"),
                class_name="row",
            ),
            rx.cond(item.body, rx.text(item.body, size="2", class_name="muted message-body")),
        ),
        class_name="message",
    )


@page(
    "/notifications", title="Notifications", on_load=NotificationsState.load, live="notifications"
)
def notifications() -> rx.Component:
    """Show one's own messages."""
    read_all = rx.button(
        "Mark all as read",
        on_click=NotificationsState.read_all,
        variant="surface",
        color_scheme="gray",
        high_contrast=True,
    )
    messages = rx.fragment(
        rx.el.ul(rx.foreach(NotificationsState.messages, _message), class_name="messages"),
        pager(
            NotificationsState.number,
            NotificationsState.pages,
            NotificationsState.total,
            go=NotificationsState.go,
        ),
    )
    nothing = empty_state(
        "bell",
        "Nothing to tell yet",
        "When a job ends or needs you, it is said here.",
        rx.link("Your jobs", href="/jobs"),
    )
    return rx.fragment(
        page_header("Notifications", rx.cond(NotificationsState.unread > 0, read_all)),
        rx.cond(
            NotificationsState.is_loaded,
            rx.cond(NotificationsState.messages, messages, nothing),
            skeleton(),
        ),
    )

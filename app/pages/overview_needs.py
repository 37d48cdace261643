"""What waits for this person: questions, offers of results, and runs that take unusually long."""

from typing import TypedDict

import reflex as rx
from sqlmodel import Session

from app.components.frame import section
from app.components.status import job_status
from app.domain.access import Actor
from app.domain.job_queries import needing_owner
from app.states.job_item import job_item


class NeedVar(TypedDict):
    """A job, and why it waits for a person."""

    ref: str
    name: str
    why: str
    status: str


def needs_of(session: Session, actor: Actor) -> list[NeedVar]:
    """Read the actor's own jobs that wait for a person."""
    items = [job_item(row) for row in needing_owner(session, actor=actor)]
    return [
        NeedVar(ref=item["ref"], name=item["name"], why=item["problem"], status=item["status"])
        for item in items
    ]


def needs_part(needs: rx.Var[list[NeedVar]]) -> rx.Component:
    """The list, or nothing where nothing waits."""
    listed = rx.el.ul(rx.foreach(needs, _need), class_name="list")
    return rx.cond(needs.length() > 0, section("What needs you", listed))


def _need(need: rx.Var[NeedVar]) -> rx.Component:
    return rx.el.li(
        rx.el.div(
            rx.link(need["name"], href=f"/jobs/{need['ref']}", weight="medium", size="2"),
            rx.text(need["why"], size="1", color_scheme="gray"),
            class_name="list-main",
        ),
        job_status(need["status"]),
    )

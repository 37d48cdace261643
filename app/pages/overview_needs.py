"""What waits for this person: questions, offers of results, and runs that take unusually long."""

from collections.abc import Iterable
from typing import TypedDict

import reflex as rx

from app.components.frame import section
from app.components.status import job_status
from app.domain.job_queries import JobRow
from app.states.job_item import job_item


class NeedVar(TypedDict):
    """A job, and why it waits for a person."""

    ref: str
    name: str
    why: str
    status: str


def needs_of(rows: Iterable[JobRow]) -> list[NeedVar]:
    """Say of each job why it waits for a person."""
    items = [job_item(row) for row in rows]
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

"""What waits for this person: questions, offers of results, long runs, and tokens of no use."""

from collections.abc import Iterable
from typing import TypedDict

import reflex as rx

from app.components.frame import section
from app.components.status import job_status
from app.components.token_verdict import token_verdict
from app.domain.access import Actor
from app.domain.credentials import needing_renewal
from app.domain.expiry import soonest_warning
from app.domain.job_queries import JobRow
from app.domain.service_lookup import service_names
from app.states.calls import call
from app.states.guard import guarded
from app.states.job_item import job_item
from app.states.token_item import TokenItem, token_item
from models import db


class NeedVar(TypedDict):
    """A job, and why it waits for a person."""

    ref: str
    name: str
    why: str
    status: str


class NeededTokensState(rx.State):
    """The tokens that this person should replace."""

    tokens: list[TokenItem] = []

    @guarded("service:read")
    async def load(self, actor: Actor) -> None:
        """Read those that are refused, or end soon."""
        rows = await call(db.USERS, needing_renewal, actor=actor, before=soonest_warning())
        refs = [row.service_ref for row in rows]
        names = await call(db.REGISTRY, service_names, actor=actor, service_refs=refs)
        self.tokens = [
            token_item(row, service=names[row.service_ref])
            for row in rows
            if row.service_ref in names
        ]


def needs_of(rows: Iterable[JobRow]) -> list[NeedVar]:
    """Say of each job why it waits for a person."""
    items = [job_item(row) for row in rows]
    return [
        NeedVar(ref=item["ref"], name=item["name"], why=item["problem"], status=item["status"])
        for item in items
    ]


def needs_part(needs: rx.Var[list[NeedVar]]) -> rx.Component:
    """The list, or nothing where nothing waits."""
    tokens = NeededTokensState.tokens
    listed = rx.el.ul(
        rx.foreach(needs, _need), rx.foreach(tokens, _needed_token), class_name="list"
    )
    return rx.cond((needs.length() > 0) | (tokens.length() > 0), section("What needs you", listed))


def _need(need: rx.Var[NeedVar]) -> rx.Component:
    return rx.el.li(
        rx.el.div(
            rx.link(need["name"], href=f"/jobs/{need['ref']}", weight="medium", size="2"),
            rx.text(need["why"], size="1", color_scheme="gray"),
            class_name="list-main",
        ),
        job_status(need["status"]),
    )


def _needed_token(token: rx.Var[TokenItem]) -> rx.Component:
    name = rx.cond(
        token["whose"] == "Yours",
        f"Your token for {token['service']}",
        f"The lab's token for {token['service']}",
    )
    return rx.el.li(
        rx.el.div(
            rx.link(name, href=token["href"], weight="medium", size="2"),
            token_verdict(token),
            class_name="list-main",
        )
    )

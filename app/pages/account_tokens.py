"""One's tokens for services, on the account page."""

import reflex as rx

from app.components.frame import section
from app.components.moment import moment
from app.components.table import WIDE, column, table
from app.components.token_verdict import token_verdict
from app.domain.access import Actor
from app.domain.credentials import credential_rows
from app.domain.service_lookup import service_names
from app.states.calls import call
from app.states.guard import guarded
from app.states.token_item import TokenItem, token_item
from models import db


class AccountTokensState(rx.State):
    """The reader's own tokens, and the lab's for those who look after services."""

    tokens: list[TokenItem] = []
    is_loaded: bool = False

    @guarded("service:read")
    async def load(self, actor: Actor) -> None:
        """Read what is known of them."""
        rows = await call(db.USERS, credential_rows, actor=actor)
        refs = [row.service_ref for row in rows]
        names = await call(db.REGISTRY, service_names, actor=actor, service_refs=refs)
        self.tokens = [
            token_item(row, service=names.get(row.service_ref, "A service that is gone"))
            for row in rows
        ]
        self.is_loaded = True


def _row(token: rx.Var[TokenItem]) -> rx.Component:
    return rx.table.row(
        rx.table.row_header_cell(rx.link(token["service"], href=token["href"])),
        rx.table.cell(token["whose"]),
        rx.table.cell(token_verdict(token)),
        rx.table.cell(moment(token["since"]), display=WIDE),
    )


def tokens_section() -> rx.Component:
    """All of them, with the way to where they are entered."""
    listed = table(
        "Tokens for services",
        ("Service", "Whose", "What it is worth", column("Stored", is_wide=True)),
        rx.foreach(AccountTokensState.tokens, _row),
        in_card=True,
    )
    none = rx.text(
        "You have stored none. Where a service wants one, enter it on ",
        rx.link("the service's page", href="/services", underline="always"),
        ".",
        size="2",
        class_name="muted",
    )
    known = section("Tokens for services", rx.cond(AccountTokensState.tokens, listed, none))
    return rx.cond(AccountTokensState.is_loaded, known)

"""The reader's own token for a service, and the lab's for those who look after services."""

import reflex as rx

from app.components.frame import section
from app.components.token_form import token_form
from app.domain.access import Actor
from app.domain.credentials import stored_token
from app.domain.token_checks import verify_again
from app.states.calls import call
from app.states.guard import guarded
from app.states.route import route_argument
from app.states.session import SessionState
from app.states.token_item import TokenItem, no_token, token_item
from models import db


class OwnTokenState(rx.State):
    """The reader's own token for the service in the URL."""

    service_ref_shown: str = ""
    token: TokenItem = no_token()

    @guarded("service:read")
    async def load(self, actor: Actor) -> None:
        """Read what is known of it."""
        await _show(self, actor, shared=False)

    @guarded("job:submit")
    async def verify(self, actor: Actor) -> None:
        """Have it verified again."""
        await _verify(self, actor, shared=False)


class LabTokenState(rx.State):
    """The token that the whole lab shares for the service in the URL."""

    service_ref_shown: str = ""
    token: TokenItem = no_token()

    @guarded("service:write")
    async def load(self, actor: Actor) -> None:
        """Read what is known of it."""
        await _show(self, actor, shared=True)

    @guarded("service:write")
    async def verify(self, actor: Actor) -> None:
        """Have it verified again."""
        await _verify(self, actor, shared=True)


async def _show(state: OwnTokenState | LabTokenState, actor: Actor, *, shared: bool) -> None:
    ref = route_argument(state, "service_ref")
    row = await call(db.USERS, stored_token, actor=actor, service_ref=ref, shared=shared)
    state.service_ref_shown, state.token = ref, token_item(row)


async def _verify(state: OwnTokenState | LabTokenState, actor: Actor, *, shared: bool) -> None:
    ref = route_argument(state, "service_ref")
    await call(db.USERS, verify_again, actor=actor, service_ref=ref, shared=shared)


def own_token_section() -> rx.Component:
    """The reader's own token, for those who start runs."""
    form = token_form(
        OwnTokenState.service_ref_shown,
        OwnTokenState.token,
        shared=False,
        on_verify=OwnTokenState.verify,
    )
    why = rx.text(
        "Runs that you start there use your own token if you store one, and the lab's otherwise.",
        size="2",
        class_name="muted",
    )
    return rx.cond(
        SessionState.permissions.contains("job:submit"),
        section("Your token", rx.el.div(why, form, class_name="stack")),
    )


def lab_token_section() -> rx.Component:
    """The token that the whole lab shares."""
    form = token_form(
        LabTokenState.service_ref_shown,
        LabTokenState.token,
        shared=True,
        on_verify=LabTokenState.verify,
    )
    why = rx.text(
        "If the service wants a token, store the lab's here, then test the connection again. "
        "People can store their own on the service's page.",
        size="2",
        class_name="muted",
    )
    return section("The lab's token", rx.el.div(why, form, class_name="stack"))

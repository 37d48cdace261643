"""One's own account: who one is, the password, tokens for services, the signed-in browsers."""

from dataclasses import asdict
from typing import TypedDict

import reflex as rx

from app.components.frame import fact, facts, field, notice, page_header, section
from app.components.moment import moment
from app.components.plain_form import plain_form
from app.components.table import table
from app.domain import sessions
from app.domain.access import Actor
from app.domain.passwords import MIN_LENGTH
from app.pages.account_tokens import AccountTokensState, tokens_section
from app.pages.template import page
from app.states.calls import call
from app.states.guard import guarded
from app.states.session import SessionState
from models import db


class SessionVar(TypedDict):
    """A signed-in browser, as the page shows it."""

    ref: str
    last_seen_at: str
    created_at: str
    client_address: str
    user_agent: str
    is_current: bool


class AccountState(rx.State):
    """The account page."""

    sessions: list[SessionVar] = []

    @guarded("")
    async def load(self, actor: Actor) -> None:
        """Read the actor's own sessions."""
        self.sessions = await call(db.USERS, _sessions, actor)

    @guarded("")
    async def revoke(self, actor: Actor, session_ref: str) -> None:
        """End one of the actor's own sessions."""
        await call(db.USERS, sessions.revoke_my_session, actor=actor, session_ref=str(session_ref))
        self.sessions = await call(db.USERS, _sessions, actor)

    @rx.var
    def problem(self) -> str:
        """Why the new password was not accepted."""
        return str(self.router.url.query_parameters.get("problem", ""))[:300]

    @rx.var
    def is_saved(self) -> bool:
        """Whether the password was just changed."""
        return self.router.url.query_parameters.get("saved", "") == "1"


def _sessions(session: db.Session, actor: Actor) -> list[SessionVar]:
    rows = sessions.my_sessions(session, actor=actor)
    return [
        SessionVar(
            **{
                **asdict(row),
                "user_agent": browser_name(row.user_agent),
                "created_at": row.created_at.isoformat(),
                "last_seen_at": row.last_seen_at.isoformat(),
            }
        )
        for row in rows
    ]


def browser_name(user_agent: str) -> str:
    """Say in two words what sent a `User-Agent`; the first match wins, as they all name others."""
    browsers = {"Edg/": "Edge", "OPR/": "Opera", "Firefox/": "Firefox", "Chrome/": "Chrome"}
    systems = {"Android": "Android", "iPhone": "iPhone", "iPad": "iPad", "Windows": "Windows"}
    browser = _first(browsers | {"Safari/": "Safari"}, user_agent)
    system = _first(systems | {"Mac OS": "macOS", "Linux": "Linux"}, user_agent)
    return f"{browser} on {system}" if browser and system else browser or user_agent[:60] or "–"


def _first(names: dict[str, str], text: str) -> str:
    return next((name for mark, name in names.items() if mark in text), "")


def _session_row(row: rx.Var[SessionVar]) -> rx.Component:
    end = rx.button(
        "Sign out",
        on_click=AccountState.revoke(row["ref"]),
        size="1",
        variant="surface",
        color_scheme="gray",
        high_contrast=True,
    )
    return rx.table.row(
        rx.table.row_header_cell(row["user_agent"], max_width="380px"),
        rx.table.cell(row["client_address"]),
        rx.table.cell(moment(row["last_seen_at"])),
        rx.table.cell(rx.cond(row["is_current"], rx.text("this browser", size="2"), end)),
    )


def _password_form() -> rx.Component:
    return plain_form(
        rx.el.input(
            type="text",
            name="username",
            value=SessionState.email,
            auto_complete="username",
            read_only=True,
            hidden=True,
        ),
        field(
            "Current password",
            rx.input(
                name="current", type="password", auto_complete="current-password", required=True
            ),
        ),
        field(
            "New password",
            rx.input(name="new", type="password", auto_complete="new-password", required=True),
            hint=f"At least {MIN_LENGTH} characters. Your other browsers are signed out.",
        ),
        rx.el.div(rx.button("Change password", type="submit")),
        action="/auth/password",
        class_name="stack",
        style={"maxWidth": "380px"},
    )


@page(
    "/account",
    title="Account",
    on_load=[AccountState.load, AccountTokensState.load],
    live="service_credentials",
    reload=AccountTokensState.load,
    own="service:write",
)
def account() -> rx.Component:
    """Show the actor's own account."""
    return rx.fragment(
        page_header("Account"),
        section(
            "You",
            facts(fact("Name", SessionState.name), fact("E-mail address", SessionState.email)),
        ),
        section(
            "Password",
            rx.cond(
                AccountState.problem,
                notice(AccountState.problem, color="red", icon="circle-alert", role="alert"),
            ),
            rx.cond(AccountState.is_saved, notice("Your password is changed.", color="green")),
            _password_form(),
        ),
        tokens_section(),
        section(
            "Signed-in browsers",
            table(
                "Signed-in browsers",
                ("Browser", "Address", "Last used", "Session"),
                rx.foreach(AccountState.sessions, _session_row),
                in_card=True,
            ),
        ),
    )

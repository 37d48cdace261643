"""The sign-in page: a plain form, so that a password never travels in an event."""

from functools import partial

import reflex as rx

from app.components.frame import field, notice
from app.components.plain_form import plain_form
from app.domain.unavailable import WORDS
from app.pages.template import public_page
from app.states.guard import open_to_visitors
from models import db
from models.threads import run

PROBLEMS = {
    "wrong": "The e-mail address or the password is wrong.",
    "away": f"{WORDS[db.USERS].cannot}. Your password was not looked at; try again shortly.",
    "wait": "Too many failed sign-ins. Wait a moment before the next try.",
}


class SignInState(rx.State):
    """What the address bar says about the last try, and whether another one can succeed."""

    @open_to_visitors
    async def load(self) -> None:
        """Find out whether anybody can be signed in now."""
        await run(db.USERS, partial(db.ping, db.USERS))

    @rx.var
    def problem(self) -> str:
        """Why the last try failed, or an empty text."""
        query = self.router.url.query_parameters
        text = PROBLEMS.get(query.get("error", ""), "")
        wait = query.get("wait", "")
        return f"Too many failed sign-ins. Try again in {wait} s." if wait.isdigit() else text

    @rx.var
    def next_path(self) -> str:
        """Where to go after signing in; the route checks it."""
        return self.router.url.query_parameters.get("next", "/")

    @rx.var
    def is_signed_out(self) -> bool:
        """Whether the person has just signed out."""
        return self.router.url.query_parameters.get("signed_out", "") == "1"


@public_page("/sign-in", title="Sign in", on_load=SignInState.load)
def sign_in() -> rx.Component:
    """Ask for e-mail address and password."""
    return rx.el.div(
        rx.el.span(rx.icon("dna", size=20, aria_hidden="true"), class_name="brand-mark"),
        rx.heading("Sign in", as_="h1", size="6"),
        rx.text("Federated Genomic Imputation Platform", color_scheme="gray", size="2"),
        rx.cond(
            SignInState.problem,
            notice(SignInState.problem, color="red", icon="circle-alert", role="alert"),
        ),
        rx.cond(SignInState.is_signed_out, notice("You are signed out.")),
        plain_form(
            rx.el.input(type="hidden", name="next", value=SignInState.next_path, read_only=True),
            field(
                "E-mail address",
                rx.input(
                    name="email",
                    type="email",
                    auto_complete="username",
                    required=True,
                    auto_focus=True,
                    size="3",
                ),
            ),
            field(
                "Password",
                rx.input(
                    name="password",
                    type="password",
                    auto_complete="current-password",
                    required=True,
                    size="3",
                ),
            ),
            rx.button("Sign in", type="submit", size="3", width="100%"),
            action="/auth/sign-in",
            class_name="stack",
        ),
        # Whoever signs in here starts with a tab of their own, also on a shared computer.
        on_mount=rx.call_script("sessionStorage.removeItem('token')"),
        class_name="stack",
    )

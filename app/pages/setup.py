"""A one-time link: the first administrator, or an added person, chooses a password."""

import reflex as rx

from app.components.frame import field, notice
from app.components.plain_form import plain_form
from app.domain import people
from app.domain.errors import NotFound
from app.domain.passwords import MIN_LENGTH
from app.pages.template import public_page
from app.states.calls import call
from app.states.guard import open_to_visitors
from models import db


class SetupState(rx.State):
    """What the link in the address bar is for. Knowing the token is the permission."""

    token: str = ""
    email: str = ""
    is_first: bool = False
    is_usable: bool = False
    is_checked: bool = False

    @open_to_visitors
    async def load(self) -> None:
        """Find out for whom the link is."""
        self.token = str(self.router.url.query_parameters.get("token", ""))
        try:
            email = await call(db.USERS, people.email_of_setup_token, token=self.token)
        except NotFound:
            self.is_usable, self.is_checked = False, True
            return
        self.email, self.is_first = email or "", email is None
        self.is_usable, self.is_checked = True, True

    @rx.var
    def problem(self) -> str:
        """Why the last try was not accepted."""
        return str(self.router.url.query_parameters.get("problem", ""))[:300]


def _form() -> rx.Component:
    name_and_email = rx.fragment(
        field("Your name", rx.input(name="name", required=True, auto_complete="name", size="3")),
        field(
            "E-mail address",
            rx.input(name="email", type="email", required=True, auto_complete="username", size="3"),
        ),
    )
    return plain_form(
        rx.el.input(type="hidden", name="token", value=SetupState.token, read_only=True),
        rx.cond(SetupState.is_first, name_and_email),
        field(
            "Password",
            rx.input(
                name="password",
                type="password",
                required=True,
                min_length=MIN_LENGTH,
                auto_complete="new-password",
                size="3",
            ),
            hint=f"At least {MIN_LENGTH} characters; three or four words are fine.",
        ),
        rx.button("Save and sign in", type="submit", size="3", width="100%"),
        action="/auth/setup",
        class_name="stack",
    )


@public_page("/setup", title="Set up", on_load=SetupState.load)
def setup() -> rx.Component:
    """Ask for what makes the account complete."""
    return rx.el.div(
        rx.el.span(rx.icon("dna", size=20, aria_hidden="true"), class_name="brand-mark"),
        rx.heading(
            rx.cond(SetupState.is_first, "Create the first administrator", "Choose your password"),
            as_="h1",
            size="6",
        ),
        rx.cond(SetupState.email, rx.text("for ", SetupState.email, color_scheme="gray", size="2")),
        rx.cond(
            SetupState.problem,
            notice(SetupState.problem, color="red", icon="circle-alert", role="alert"),
        ),
        rx.cond(
            SetupState.is_usable,
            _form(),
            rx.cond(
                SetupState.is_checked,
                notice(
                    "This link was used, has ended or is incomplete. An administrator can make a "
                    "new one; whoever starts the platform finds the first one in its output.",
                    color="amber",
                    icon="link-2-off",
                ),
            ),
        ),
        class_name="stack",
    )

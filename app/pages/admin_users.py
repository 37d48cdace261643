"""People: who may sign in, with which role; add one, renew a link, let out or in."""

from typing import Any, TypedDict

import reflex as rx

from app.components.frame import field, notice, page_header, section
from app.components.moment import moment
from app.components.status import badge
from app.components.table import WIDE, column, table
from app.config import settings
from app.domain import people
from app.domain.access import ROLE_TITLES, Actor
from app.pages.template import page
from app.states.calls import call
from app.states.guard import guarded
from app.states.session import SessionState
from models import db


class PersonVar(TypedDict):
    """A person, as the page shows them."""

    ref: str
    name: str
    email: str
    roles: str
    is_active: bool
    has_password: bool
    last_sign_in_at: str


class AdminUsersState(rx.State):
    """The page of people."""

    people: list[PersonVar] = []
    search: str = ""
    link: str = ""
    link_for: str = ""

    @guarded("user:read")
    async def load(self, actor: Actor) -> None:
        """Read the list."""
        self.people = await call(db.USERS, _people, actor, self.search)

    @guarded("user:read", supersedes=True)
    async def find(self, actor: Actor, search: str) -> None:
        """Search by name or address."""
        self.search = str(search)[:100]
        self.people = await call(db.USERS, _people, actor, self.search)

    @guarded("user:write")
    async def add(self, actor: Actor, form: dict[str, Any]) -> None:
        """Add a person and show their one-time link, this once."""
        name, email, role = (str(form.get(key, "")) for key in ("name", "email", "role"))
        self.link = await call(db.USERS, _add, actor, name, email, role)
        self.link_for = email
        self.people = await call(db.USERS, _people, actor, self.search)

    @guarded("user:write")
    async def renew_link(self, actor: Actor, user_ref: str, email: str) -> None:
        """Make a fresh one-time link for a person, and show it this once."""
        self.link = await call(db.USERS, _renew, actor, str(user_ref))
        self.link_for = str(email)

    @guarded("user:write")
    async def change_active(self, actor: Actor, user_ref: str, is_active: bool) -> None:
        """Let a person in or keep them out."""
        await call(
            db.USERS,
            people.set_active,
            actor=actor,
            user_ref=str(user_ref),
            is_active=is_active is True,
        )
        self.people = await call(db.USERS, _people, actor, self.search)

    @guarded("user:write")
    async def forget_link(self, actor: Actor) -> None:
        """Stop showing the one-time link."""
        self.link = self.link_for = ""


def _people(session: db.Session, actor: Actor, search: str) -> list[PersonVar]:
    rows = people.list_people(session, actor=actor, search=search)
    return [
        PersonVar(
            ref=row.ref,
            name=row.name,
            email=row.email,
            roles=", ".join(ROLE_TITLES.get(role, role) for role in row.roles),
            is_active=row.is_active,
            has_password=row.has_password,
            last_sign_in_at=row.last_sign_in_at.isoformat() if row.last_sign_in_at else "",
        )
        for row in rows
    ]


def _link(token: str) -> str:
    return f"{settings().public_url.rstrip('/')}/setup?token={token}"


def _add(session: db.Session, actor: Actor, name: str, email: str, role: str) -> str:
    return _link(people.add_person(session, actor=actor, name=name, email=email, role_name=role))


def _renew(session: db.Session, actor: Actor, user_ref: str) -> str:
    return _link(people.renew_setup_link(session, actor=actor, user_ref=user_ref))


def _state_of(row: rx.Var[PersonVar]) -> rx.Component:
    return rx.cond(
        row["is_active"],
        rx.cond(
            row["has_password"],
            badge("Active", "green", "circle-check"),
            badge("Invited", "amber", "mail"),
        ),
        badge("Deactivated", "gray", "ban"),
    )


def _actions(row: rx.Var[PersonVar]) -> rx.Component:
    quiet = {"size": "1", "variant": "surface", "color_scheme": "gray", "high_contrast": True}
    switch = rx.button(
        rx.cond(row["is_active"], "Deactivate", "Activate"),
        on_click=AdminUsersState.change_active(row["ref"], ~row["is_active"]),
        aria_label=rx.cond(row["is_active"], "Deactivate ", "Activate ") + row["name"],
        **quiet,
    )
    renew = rx.button(
        "New link",
        on_click=AdminUsersState.renew_link(row["ref"], row["email"]),
        aria_label="New link for " + row["name"],
        **quiet,
    )
    is_me = row["ref"] == SessionState.user_ref
    return rx.el.div(renew, rx.cond(is_me, rx.fragment(), switch), class_name="row")


def _person_row(row: rx.Var[PersonVar]) -> rx.Component:
    return rx.table.row(
        rx.table.row_header_cell(row["name"], rx.text(row["email"], size="1", class_name="muted")),
        rx.table.cell(row["roles"], display=WIDE),
        rx.table.cell(_state_of(row)),
        rx.table.cell(moment(row["last_sign_in_at"]), display=WIDE),
        rx.table.cell(
            rx.cond(SessionState.permissions.contains("user:write"), _actions(row), rx.fragment())
        ),
        vertical_align="middle",
    )


def _new_link() -> rx.Component:
    text = rx.el.span(
        "Give this link to ",
        AdminUsersState.link_for,
        ". It works once, for three days, and is not shown again: ",
        rx.el.code(AdminUsersState.link, class_name="mono"),
    )
    buttons = rx.el.div(
        rx.button("Copy the link", on_click=rx.set_clipboard(AdminUsersState.link), size="1"),
        rx.button(
            "Done",
            on_click=AdminUsersState.forget_link,
            size="1",
            variant="surface",
            color_scheme="gray",
            high_contrast=True,
        ),
        class_name="row",
    )
    return rx.cond(
        AdminUsersState.link,
        rx.el.div(notice(text, color="green", icon="link"), buttons, class_name="stack"),
    )


def _add_form() -> rx.Component:
    return rx.form(
        rx.el.div(
            field("Name", rx.input(name="name", required=True)),
            field("E-mail address", rx.input(name="email", type="email", required=True)),
            field(
                "Role",
                rx.el.select(
                    *[rx.el.option(title, value=name) for name, title in ROLE_TITLES.items()],
                    name="role",
                    default_value="researcher",
                    class_name="select",
                ),
            ),
            class_name="grid-3",
        ),
        rx.button("Add and make a link", type="submit", margin_top="16px"),
        on_submit=AdminUsersState.add,
        reset_on_submit=True,
    )


@page("/admin/users", title="People", on_load=AdminUsersState.load)
def admin_users() -> rx.Component:
    """Show the people and, to those who may, how to add one."""
    return rx.fragment(
        page_header("People", subtitle="Who may sign in, and with which role."),
        _new_link(),
        rx.cond(
            SessionState.permissions.contains("user:write"), section("Add a person", _add_form())
        ),
        section(
            "Everybody",
            rx.input(
                placeholder="Search names and addresses",
                on_change=AdminUsersState.find.debounce(300),
                aria_label="Search people",
                max_width="320px",
                margin_bottom="12px",
            ),
            table(
                "People",
                (
                    "Person",
                    column("Roles", is_wide=True),
                    "State",
                    column("Last signed in", is_wide=True),
                    "Actions",
                ),
                rx.foreach(AdminUsersState.people, _person_row),
                in_card=True,
            ),
        ),
    )

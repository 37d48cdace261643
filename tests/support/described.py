"""A described kind of thing with everything that a description can have, for tests."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from sqlmodel import Session, select

from app.domain.access import Actor, require
from app.domain.errors import Invalid
from app.domain.outbox import emit_audit
from app.domain.versions import check_version, version_of
from app.resources.base import Action, Added, Column, Field, Fieldset, Form, Inline, Resource
from app.resources.register import RESOURCES
from app.resources.sessions import SESSIONS
from models import db
from models.base import now
from models.users import User, UsersOutbox


def _user(session: Session, ref: str) -> User:
    return session.exec(select(User).where(User.ref == ref).with_for_update()).one()


def read(session: Session, *, actor: Actor, ref: str) -> Mapping[str, str]:
    """The fields of a person."""
    user = _user(session, ref)
    return {"name": user.name, "email": user.email, "version": version_of(user.created_at)}


def change(
    session: Session, *, actor: Actor, ref: str, values: Mapping[str, str], version: str
) -> None:
    """Rename a person. The moment of creation serves as a version here."""
    require(actor, "user:write")
    user = _user(session, ref)
    check_version(user.created_at, version, user.name)
    if values["name"] == "Nobody":
        raise Invalid("Nobody is called that.", field="name")
    user.name, user.email, user.created_at = values["name"], values["email"], now()
    session.add(user)


def add(session: Session, *, actor: Actor, values: Mapping[str, str], parent: str) -> Added:
    """Add a person, who gets a link."""
    require(actor, "user:write")
    user = User(name=values["name"], email=values["email"], password_hash="")
    session.add(user)
    session.flush()
    return Added(user.ref, "https://lab.example/setup?token=once", "Ada is invited.")


def rename(session: Session, *, actor: Actor, ref: str, reason: str, name: str) -> str:
    """Call somebody otherwise."""
    require(actor, "user:write")
    user = _user(session, ref)
    before, user.name = user.name, name
    session.add(user)
    emit_audit(
        session,
        UsersOutbox,
        actor=actor,
        action="user:rename",
        target_type="user",
        target_ref=ref,
        target_name=name,
        reason=reason,
        before={"name": before},
        after={"name": name},
    )
    return f"{before} is {name} now."


def wave(session: Session, *, actor: Actor, ref: str) -> str:
    """Greet somebody."""
    require(actor, "user:write")
    return f"{_user(session, ref).name} was greeted."


def key(session: Session, *, actor: Actor, ref: str) -> str:
    """Give out a key."""
    require(actor, "user:write")
    return "key-that-is-shown-once"


FIELDS: Sequence[Field] = (
    Field("name", "Name", required=True, hint="As colleagues know them."),
    Field("email", "E-mail address", "email", required=True),
)

FOLK = Resource(
    name="folk",
    title="Folk",
    one="person",
    icon="users",
    database=db.USERS,
    permission="user:read",
    source=User,
    ref=User.ref,
    label=User.name,
    columns=(
        Column("name", "Name", User.name),
        Column("email", "E-mail address", User.email),
        Column("since", "Since", User.created_at, kind="moment"),
    ),
    sort="name",
    actions=(
        Action("wave", "Wave", "user:write", run=wave),
        Action(
            "rename",
            "Rename",
            "user:write",
            run=rename,
            fields=(Field("name", "New name", required=True),),
            asks_reason=True,
            text="Everybody sees the new name.",
        ),
        Action("key", "New key", "user:write", run=key, reveals=True, text="The old one ends."),
    ),
    form=Form((Fieldset("Who", FIELDS),), "user:write", read=read, change=change, add=add),
    inlines=(Inline("Sessions", lambda: SESSIONS, User.ref, ("since", "seen")),),
    live=("users",),
    target="user",
)


@contextmanager
def described(resource: Resource) -> Iterator[None]:
    """Have a resource registered for a while."""
    RESOURCES[resource.name] = resource
    try:
        yield
    finally:
        del RESOURCES[resource.name]

"""Lists of administration as a person wants to see them again; everybody has their own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import func, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from app.domain.access import Actor
from app.domain.errors import Conflict, Invalid, NotFound, NotSignedIn, Refused
from models.platform import SavedView

LONGEST_NAME = 80
MOST_VIEWS = 30


@dataclass(frozen=True)
class ViewRow:
    """A saved view: its name, and what the list's address holds for it."""

    ref: str
    name: str
    query: Mapping[str, str]
    is_default: bool


def views_of(session: Session, *, actor: Actor, resource: str) -> Sequence[ViewRow]:
    """The actor's views of a list, by name."""
    _require_person(actor)
    rows = session.exec(
        select(SavedView)
        .where(SavedView.owner_ref == actor.user_ref, SavedView.resource == resource)
        .order_by(func.lower(SavedView.name))
        .limit(MOST_VIEWS)
    )
    return [ViewRow(row.ref, row.name, row.query, row.is_default) for row in rows]


def save_view(
    session: Session, *, actor: Actor, resource: str, name: str, query: Mapping[str, str]
) -> str:
    """Keep what a list's address holds under a name; return the view's ref."""
    _require_person(actor)
    if len(views_of(session, actor=actor, resource=resource)) >= MOST_VIEWS:
        raise Refused(f"This list has {MOST_VIEWS} saved views already. Delete one first.")
    row = SavedView(
        owner_ref=actor.user_ref, resource=resource, name=_checked(name), query=dict(query)
    )
    session.add(row)
    _flush(session, row.name)
    return row.ref


def rename_view(session: Session, *, actor: Actor, ref: str, name: str) -> None:
    """Call one of the actor's views otherwise."""
    row = _own(session, actor, ref)
    row.name = _checked(name)
    _flush(session, row.name)


def replace_view(session: Session, *, actor: Actor, ref: str, query: Mapping[str, str]) -> None:
    """Let one of the actor's views hold something else."""
    _own(session, actor, ref).query = dict(query)


def delete_view(session: Session, *, actor: Actor, ref: str) -> None:
    """Delete one of the actor's views."""
    session.delete(_own(session, actor, ref))


def choose_default(session: Session, *, actor: Actor, ref: str, yes: bool) -> None:
    """Show one of the actor's views where an address asks for nothing, or do so no longer."""
    row = _own(session, actor, ref)
    session.execute(
        update(SavedView)
        .where(col(SavedView.owner_ref) == row.owner_ref, col(SavedView.resource) == row.resource)
        .values(is_default=False)
    )
    row.is_default = yes


def _require_person(actor: Actor) -> None:
    if not actor.user_ref:
        raise NotSignedIn


def _own(session: Session, actor: Actor, ref: str) -> SavedView:
    _require_person(actor)
    row = session.exec(
        select(SavedView)
        .where(SavedView.ref == ref, SavedView.owner_ref == actor.user_ref)
        .with_for_update()
    ).first()
    if row is None:
        raise NotFound("saved view")
    return row


def _checked(name: str) -> str:
    tidy = " ".join(name.replace("\x00", "").split())[:LONGEST_NAME]
    if not tidy:
        raise Invalid("Give the view a name.", field="name")
    return tidy


def _flush(session: Session, name: str) -> None:
    try:
        session.flush()
    except IntegrityError:
        raise Conflict(
            f"You have a view called “{name}” of this list already. Choose another name."
        ) from None

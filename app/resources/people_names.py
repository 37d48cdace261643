"""Whose things are: people are in another database, where names are read and looked for."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlmodel import Session, col, or_, select

from app.domain.access import Actor
from app.resources.base import Column, LookUp
from models import db
from models.users import User

# More people than this are not looked among: the words must be better chosen.
MOST_PEOPLE = 1000


def person_column(
    name: str, title: str, *, database: str, ref: Any, person: Any, **more: Any
) -> Column:
    """A column with the name of the person whose ref is `person`, for rows whose ref is `ref`."""
    return Column(
        name,
        title,
        LookUp(db.USERS, _names(database, ref, person)),
        href="/admin/audit?actor={link}",
        link=person,
        sorts=False,
        **more,
    )


def people_called(words: str) -> list[str]:
    """The refs of the people in whose name or e-mail address every word occurs."""
    query = select(User.ref).limit(MOST_PEOPLE)
    for word in words.split():
        is_in = (col(one).icontains(word, autoescape=True) for one in (User.name, User.email))
        query = query.where(or_(*is_in))
    with db.session(db.USERS) as session:
        return list(session.exec(query))


def _names(
    database: str, ref: Any, person: Any
) -> Callable[[Session, Actor, Sequence[str]], Mapping[str, str]]:
    def read(session: Session, actor: Actor, refs: Sequence[str]) -> Mapping[str, str]:
        with db.session(database) as own:
            whose = dict(own.exec(select(ref, person).where(ref.in_(refs))).all())
        people = select(User.ref, User.name).where(col(User.ref).in_(set(whose.values())))
        names = dict(session.exec(people).all())
        return {one: names.get(person_ref, "") for one, person_ref in whose.items()}

    return read

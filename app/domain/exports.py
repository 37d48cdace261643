"""Lists that somebody takes away as a file."""

from collections.abc import Mapping

from sqlmodel import Session

from app.domain.access import Actor
from app.domain.errors import NotSignedIn
from app.domain.outbox import emit_audit
from models.users import UsersOutbox


def note_export(
    session: Session,
    *,
    actor: Actor,
    list_name: str,
    title: str,
    rows: int,
    query: Mapping[str, str],
) -> None:
    """Say in the audit log that somebody took rows of a list, and how it was narrowed.

    The session is one of the database of people: who asks was looked up there, so it is at hand
    whichever database the rows are of.
    """
    if not actor.user_ref:
        raise NotSignedIn
    emit_audit(
        session,
        UsersOutbox,
        actor=actor,
        action="list:export",
        target_type="list",
        target_ref=list_name,
        target_name=title,
        after={"rows": rows, "query": dict(query)},
    )

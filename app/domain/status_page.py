"""Whether visitors may see the status page. It is closed until an administrator opens it."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session

from app.domain import audit
from app.domain.access import Actor, require
from app.domain.outbox import audit_entry
from models.base import new_ref, now
from models.platform import Setting

KEY = "status_page"


@dataclass(frozen=True)
class StatusPage:
    """Whether the page is open, and since when it is so; None where nobody has ever decided."""

    is_open: bool
    since: datetime | None


def status_page(session: Session, *, actor: Actor) -> StatusPage:
    """Whether the page is open. For those who may change it."""
    require(actor, "setting:write")
    setting = session.get(Setting, KEY)
    return StatusPage(is_open(session), setting.updated_at if setting else None)


def is_open(session: Session) -> bool:
    """Whether anybody may see the page. For the routes that serve it."""
    setting = session.get(Setting, KEY)
    return setting is not None and setting.value.get("is_open") is True


def set_open(session: Session, *, actor: Actor, to: bool) -> None:
    """Open the page to everybody who can reach the platform, or close it."""
    require(actor, "setting:write")
    before = is_open(session)
    values = {"value": {"is_open": to}, "updated_at": now(), "updated_by_ref": actor.user_ref}
    statement = insert(Setting).values(key=KEY, **values)
    session.connection().execute(
        statement.on_conflict_do_update(index_elements=["key"], set_=values)
    )
    session.expire_all()
    # The log is in this very database, so it needs no outbox.
    entry = audit_entry(
        actor=actor,
        action="status_page.open" if to else "status_page.close",
        target_type="setting",
        target_ref=KEY,
        target_name="Status page",
        before={"is_open": before},
        after={"is_open": to},
    )
    audit.receive(session, event_ref=new_ref(), payload=entry)

"""Failed sign-ins in a row make the next one wait, by account and by address.

A growing delay rather than a lock: a lock would let anybody lock out anybody.
"""

from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from app.domain.errors import Refused
from models.base import now
from models.users import SignInFailure

FREE_TRIES = 4
LONGEST_WAIT = timedelta(minutes=15)


def wait_after(failures: int) -> timedelta:
    """How long the next try must wait after so many failures in a row: 1, 2, 4 … seconds."""
    if failures < FREE_TRIES:
        return timedelta(0)
    return min(timedelta(seconds=2 ** min(failures - FREE_TRIES, 12)), LONGEST_WAIT)


def refuse_if_blocked(session: Session, *, subjects: list[str]) -> None:
    """Raise `Refused` while one of the subjects (account, address) must still wait."""
    rows = session.exec(select(SignInFailure).where(col(SignInFailure.subject).in_(subjects))).all()
    until = max((row.blocked_until for row in rows if row.blocked_until), default=None)
    if until and until > now():
        seconds = max(1, round((until - now()).total_seconds()))
        raise Refused(
            f"Too many failed sign-ins. Try again in {seconds} s.", retry_after=float(seconds)
        )


def record_failure(session: Session, *, subjects: list[str], at: datetime | None = None) -> None:
    """Count one more failure for each subject and set how long it must wait."""
    at = at or now()
    for subject in subjects:
        counted = insert(SignInFailure).values(subject=subject, failures=1, updated_at=at)
        counted = counted.on_conflict_do_update(
            index_elements=["subject"],
            set_={"failures": SignInFailure.failures + 1, "updated_at": at},
        )
        session.execute(counted)
        row = session.get(SignInFailure, subject, populate_existing=True)
        assert row is not None
        row.blocked_until = at + wait_after(row.failures)
        session.add(row)


def forget(session: Session, *, subjects: list[str]) -> None:
    """Clear the count after a successful sign-in."""
    session.execute(delete(SignInFailure).where(col(SignInFailure.subject).in_(subjects)))

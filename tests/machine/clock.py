"""Time that passes only when a test says so, the same for Python and for PostgreSQL."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, event, text
from sqlmodel import Session

from models import away, base, db

START = datetime(2026, 3, 1, tzinfo=UTC)
TICK = timedelta(milliseconds=1)
# Longer than this nobody waits for a row that a transaction at rest has locked.
LOCK_TIMEOUT = "30ms"

_FUNCTIONS = "\n".join(
    f"""CREATE OR REPLACE FUNCTION machine.{name}() RETURNS timestamptz STABLE LANGUAGE sql
    AS $$ SELECT pg_catalog.current_setting('machine.now')::pg_catalog.timestamptz $$;"""
    for name in ("now", "clock_timestamp")
)
_SET = text(
    "SELECT set_config('search_path', 'machine, pg_catalog, public', true),"
    " set_config('machine.now', :now, true), set_config('lock_timeout', :timeout, true)"
)


class Clock:
    """The time of the test's world. Every transaction takes a millisecond of it."""

    def __init__(self) -> None:
        self.at = START

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.at += timedelta(seconds=seconds)

    def seconds(self) -> float:
        """Seconds since the beginning, in the place of `time.monotonic`."""
        return (self.at - START).total_seconds()


@contextmanager
def in_charge(clock: Clock) -> Iterator[None]:
    """Make `models.base.now` and PostgreSQL's `now()` follow the clock, in every session."""

    class Told(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:  # type: ignore[override]
            return clock.at

    def tell(session: Session, transaction: Any, connection: Connection) -> None:
        clock.at += TICK
        connection.execute(_SET, {"now": clock.at.isoformat(), "timeout": LOCK_TIMEOUT})

    for name in db.BASES:
        with db.engine(name).begin() as connection:
            connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS machine; {_FUNCTIONS}"))
    base.datetime = Told  # type: ignore[misc]
    away.monotonic, monotonic = clock.seconds, away.monotonic
    event.listen(Session, "after_begin", tell)
    try:
        yield
    finally:
        event.remove(Session, "after_begin", tell)
        away.monotonic = monotonic
        base.datetime = datetime  # type: ignore[misc]
        for name in db.BASES:
            with db.engine(name).begin() as connection:
                connection.execute(text("DROP SCHEMA machine CASCADE"))

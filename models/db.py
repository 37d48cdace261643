"""Engines and sessions, one engine per database, made on first use.

The composition roots (web, worker, migrations, tests) call `configure` once. Engines are made
lazily because the web server forks: two processes must never share a connection.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any

from sqlalchemy import Engine, create_engine, event, text
from sqlmodel import Session, SQLModel

import models.health  # noqa: F401 (its tables are the registry's)
from models import away
from models.away import UNAVAILABLE, Away
from models.files import FilesBase
from models.jobs import JobsBase
from models.monitoring import MonitoringBase
from models.notifications import NotificationsBase
from models.platform import PlatformBase
from models.registry import RegistryBase
from models.users import UsersBase
from models.waiting import REACH_SECONDS, at_most, bound_waits

__all__ = ["UNAVAILABLE", "Away", "Session"]

PLATFORM = "federated_imputation"
USERS = "user_management_db"
REGISTRY = "service_registry_db"
JOBS = "job_processing_db"
FILES = "file_management_db"
NOTIFICATIONS = "notification_db"
MONITORING = "monitoring_db"

BASES: dict[str, type[SQLModel]] = {
    PLATFORM: PlatformBase,
    USERS: UsersBase,
    REGISTRY: RegistryBase,
    JOBS: JobsBase,
    FILES: FilesBase,
    NOTIFICATIONS: NotificationsBase,
    MONITORING: MonitoringBase,
}

# Seven engines in two processes: at most 7 * 4 * 2 = 56 of PostgreSQL's 100 connections, and 14
# when idle.
POOL_SIZE = 1
MAX_OVERFLOW = 3

# The server's own limits, for what nobody waits for any more: a statement, and a transaction whose
# client has fallen silent and holds locks.
LIMITS = "SET statement_timeout = '14s'; SET idle_in_transaction_session_timeout = '60s'"

_urls: dict[str, str] = {}


def configure(urls: Mapping[str, str]) -> None:
    """Say where each database is: a SQLAlchemy URL per name of `BASES`."""
    missing = sorted(set(BASES) - set(urls))
    if missing:
        raise ValueError(f"no URL for the database(s) {', '.join(missing)}")
    dispose()
    bound_waits()
    _urls.update(urls)


def dispose() -> None:
    """Close every connection of this process."""
    for name in BASES if engine.cache_info().currsize else ():
        if name in _urls:
            engine(name).dispose()
    engine.cache_clear()
    away.forget()


def url_of(name: str) -> str:
    """Return the configured URL of a database."""
    if name not in _urls:
        raise RuntimeError(f"the database {name} is not configured: call models.db.configure first")
    return _urls[name]


@cache
def engine(name: str) -> Engine:
    """Return this process's engine for a database."""
    made = create_engine(
        url_of(name),
        pool_size=POOL_SIZE,
        max_overflow=MAX_OVERFLOW,
        pool_pre_ping=True,
        pool_timeout=5,
        connect_args={"application_name": f"fgip {name}"},
    )
    event.listen(made, "connect", _set_limits)
    return made


@contextmanager
def session(name: str) -> Iterator[Session]:
    """Open a session on a database; commit at the end, roll back on any error.

    Raises `Away` where the database cannot be reached, breaks off or may not be written: at once
    while it is known to be away, and otherwise within seconds.
    """
    with Session(engine(name), expire_on_commit=False) as opened, away.named(name):
        with away.reaching(name), at_most(REACH_SECONDS):
            opened.connection()
        yield opened
        opened.commit()


def ping(name: str) -> None:
    """Ask a database for a sign of life; raises one of `UNAVAILABLE` if there is none."""
    with away.reaching(name), at_most(REACH_SECONDS), engine(name).connect() as connection:
        connection.execute(text("SELECT 1"))


def announce(opened: Session, table: str, ref: str = "", *, owner_ref: str = "") -> None:
    """Tell every web process, when this transaction commits, that a row of `table` changed.

    Pages that show it reload. `owner_ref` lets a tab ignore what belongs to other people.
    """
    payload = json.dumps({"table": table, "ref": ref, "owner": owner_ref})
    opened.connection().execute(text("SELECT pg_notify('changes', :payload)"), {"payload": payload})


def _set_limits(connection: Any, _: object) -> None:
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(LIMITS)
    connection.autocommit = False

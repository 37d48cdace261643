"""One listener per web process: PostgreSQL's notifications wake the tabs they concern.

No tab polls a database. See `models.db.announce` for what is sent.
"""

import asyncio
import json
import select
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING

import psycopg2
import psycopg2.extensions
import structlog
from sqlalchemy import make_url

from models import db
from models.away import cause_of
from models.threads import run
from models.waiting import REACH_SECONDS, at_most

if TYPE_CHECKING:
    from collections.abc import Iterator

log = structlog.get_logger()

LISTENED = (db.JOBS, db.FILES, db.REGISTRY, db.USERS, db.NOTIFICATIONS, db.PLATFORM)
RECONNECT_SECONDS = 2.0
# A page is read and followed within this time.
JUST_NOW_SECONDS = 3.0
SIGN_OF_LIFE_SECONDS = 10.0


@dataclass(eq=False)
class Subscription:
    """What one tab wants to know. `ref` and `owner_ref` are empty where anything concerns it."""

    tables: frozenset[str]
    ref: str
    owner_ref: str
    ended: bool = False
    _woken: asyncio.Event = field(default_factory=asyncio.Event)
    _changed: set[str] = field(default_factory=set)

    def wake(self, *tables: str) -> None:
        """Say which tables have changed."""
        self._changed.update(tables)
        self._woken.set()

    async def changes(self) -> set[str]:
        """Wait for changes; return which tables have changed since this was asked last."""
        await self._woken.wait()
        self._woken.clear()
        changed, self._changed = self._changed, set()
        return changed

    def concerns(self, change: dict[str, str]) -> bool:
        """Tell whether a change is one that the tab shows."""
        return (
            change.get("table") in self.tables
            and (not self.ref or not change.get("ref") or change["ref"] == self.ref)
            and (not self.owner_ref or not change.get("owner") or change["owner"] == self.owner_ref)
        )


class Hub:
    """The subscriptions of this process's tabs, at most one per tab, and what has changed."""

    def __init__(self) -> None:
        self._by_tab: dict[str, Subscription] = {}
        self._own: set[Subscription] = set()
        self._heard: set[str] = set()
        self._changes: Counter[str] = Counter()
        self._changed_at: dict[str, float] = {}
        self._silences: Counter[str] = Counter()

    @contextmanager
    def subscribed(self, tab: str, subscription: Subscription) -> "Iterator[None]":
        """Hold a tab's subscription; an earlier one of the same tab ends."""
        self.end(tab)
        self._by_tab[tab] = subscription
        try:
            yield
        finally:
            if self._by_tab.get(tab) is subscription:
                del self._by_tab[tab]

    @contextmanager
    def attended(self, subscription: Subscription) -> "Iterator[None]":
        """Hold a subscription of the process itself."""
        self._own.add(subscription)
        try:
            yield
        finally:
            self._own.discard(subscription)

    def end(self, tab: str) -> None:
        """End a tab's subscription, which lets its watcher return."""
        earlier = self._by_tab.pop(tab, None)
        if earlier is not None:
            earlier.ended = True
            earlier.wake()

    def tabs(self) -> list[str]:
        """Return the tabs that are subscribed."""
        return list(self._by_tab)

    def publish(self, change: dict[str, str]) -> None:
        """Wake the tabs that a change concerns."""
        table = change.get("table", "")
        self._changes[table] += 1
        self._changed_at[table] = monotonic()
        for subscription in self._all():
            if subscription.concerns(change):
                subscription.wake(table)

    def wake_all(self) -> None:
        """Wake every tab: after a lost connection nobody knows what was missed."""
        for subscription in self._all():
            subscription.wake(*subscription.tables)

    def _all(self) -> list[Subscription]:
        return [*self._by_tab.values(), *self._own]

    def hears(self, database: str, *, yes: bool) -> None:
        """Note whether the changes of a database reach this process, from now on."""
        self._silences[database] += 1  # what was missed before, nobody knows
        (self._heard.add if yes else self._heard.discard)(database)

    def version(self, database: str, tables: frozenset[str]) -> tuple[int, ...] | None:
        """Name the state of some tables: equal while nothing of them has changed.

        None where nobody can tell, because the database's changes are not heard.
        """
        if database not in self._heard:
            return None
        return (self._silences[database], *(self._changes[table] for table in sorted(tables)))

    def just_changed(self, tables: frozenset[str]) -> list[str]:
        """Which tables may have changed between a page's first read and its watcher."""
        since = monotonic() - JUST_NOW_SECONDS
        return [table for table in tables if self._changed_at.get(table, since) > since]


hub = Hub()


@asynccontextmanager
async def listening() -> AsyncIterator[None]:
    """Listen to the databases while the web process lives."""
    tasks = [asyncio.create_task(_listen(name)) for name in LISTENED]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _listen(name: str) -> None:
    is_first = True
    while True:
        with suppress(psycopg2.Error, *db.UNAVAILABLE):
            connection = await run(name, partial(_connect, name))
            try:
                if not is_first:
                    hub.wake_all()
                is_first = False
                hub.hears(name, yes=True)
                await _forward(name, connection)
            except (psycopg2.Error, *db.UNAVAILABLE) as error:
                log.warning("listening to a database stopped", database=name, error=cause_of(error))
                # What a page shows of it can be read no more, and the page should say so.
                hub.wake_all()
            finally:
                hub.hears(name, yes=False)
                connection.close()
        await asyncio.sleep(RECONNECT_SECONDS)


def _connect(name: str) -> psycopg2.extensions.connection:
    url = make_url(db.url_of(name)).set(drivername="postgresql")
    with at_most(REACH_SECONDS):
        connection = psycopg2.connect(
            url.render_as_string(hide_password=False), application_name=f"fgip listen {name}"
        )
        connection.set_isolation_level(psycopg2.extensions.ISOLATION_LEVEL_AUTOCOMMIT)
        connection.cursor().execute("LISTEN changes")
    return connection


async def _forward(name: str, connection: psycopg2.extensions.connection) -> None:
    while True:
        if not await _is_readable(connection.fileno(), seconds=SIGN_OF_LIFE_SECONDS):
            # Without a sign of life a connection that fell silent would look like a quiet database.
            await run(name, partial(_ask, connection))
        elif select.select([connection.fileno()], [], [], 0)[0]:
            connection.poll()
        while connection.notifies:
            hub.publish(json.loads(connection.notifies.pop(0).payload))


async def _is_readable(descriptor: int, *, seconds: float) -> bool:
    loop = asyncio.get_running_loop()
    readable = asyncio.Event()
    loop.add_reader(descriptor, readable.set)
    try:
        async with asyncio.timeout(seconds):
            return await readable.wait()
    except TimeoutError:
        return False
    finally:
        loop.remove_reader(descriptor)


def _ask(connection: psycopg2.extensions.connection) -> None:
    with at_most(REACH_SECONDS):
        connection.cursor().execute("SELECT 1")

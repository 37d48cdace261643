"""A database that is away is noticed in seconds, costs others nothing, and is found again."""

import asyncio
import logging
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import make_url, text

from app.config import settings
from models import away, db, threads, waiting
from tests.support.proxy import Proxy, proxied

NAME = db.NOTIFICATIONS


@pytest.fixture
def proxy(postgres: str) -> Iterator[Proxy]:
    with proxied(make_url(settings().database_urls[NAME])) as (proxy, url):
        db.configure({**settings().database_urls, NAME: url})
        yield proxy
        db.configure(settings().database_urls)


def ask(name: str = NAME) -> int:
    with db.session(name) as session:
        return session.connection().execute(text("SELECT 1")).scalar_one()


def until_back() -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            ask()
        except db.Away:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        else:
            return


def test_every_database_has_a_name_that_people_understand() -> None:
    assert set(away.DOMAINS) == set(db.BASES)


@pytest.mark.parametrize("how", ["refuse", "hang"])
def test_a_database_that_is_away_is_named_soon_then_at_once_and_found_again(
    proxy: Proxy, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert ask() == 1
    proxy.set(how)
    with caplog.at_level(logging.WARNING, "models.away"):
        with pytest.raises(db.Away, match="own database of notifications is unavailable"):
            ask()
        assert NAME in away._outages
        for _ in range(20):
            with pytest.raises(db.Away):
                ask()
        assert ask(db.JOBS) == 1
        proxy.set("pass")
        until_back()
    told = [record.getMessage() for record in caplog.records]
    assert len(told) == 2, told
    assert "is away" in told[0]
    assert "is back" in told[1]


def test_connections_that_fall_silent_are_replaced_without_anybody_noticing(proxy: Proxy) -> None:
    assert ask() == 1
    proxy.set("silence")
    assert ask() == 1


def test_a_try_that_began_before_a_database_came_back_does_not_lose_it_again(
    proxy: Proxy,
) -> None:
    proxy.set("hang")
    with ThreadPoolExecutor(1) as one:
        late = one.submit(ask)
        proxy.until_connected()
        proxy.set("pass")
        assert ask() == 1
        assert isinstance(late.exception(), db.Away)
    away.refuse_if_away(NAME)


def test_a_slow_database_is_used_slowly(proxy: Proxy) -> None:
    proxy.set("slow")
    assert ask() == 1


def test_a_statement_under_way_ends_when_its_connection_falls_silent(proxy: Proxy) -> None:
    with pytest.raises(db.Away, match="notifications"), db.session(NAME) as session:
        proxy.set("silence")
        with waiting.at_most(0.5):
            session.connection().execute(text("SELECT 1"))
    assert ask() == 1


def test_a_database_that_hangs_takes_no_threads_from_the_others(proxy: Proxy) -> None:
    async def crowd() -> list[object]:
        proxy.set("hang")
        hanging = [threads.call(NAME, lambda session: None) for _ in range(50)]
        waiting = asyncio.gather(*hanging, return_exceptions=True)
        await asyncio.sleep(0)
        other = await threads.call(db.JOBS, lambda session: threading.current_thread().name)
        assert other.startswith(db.JOBS)
        assert not waiting.done()
        return await waiting

    outcomes = asyncio.run(crowd())
    assert {type(outcome) for outcome in outcomes} == {db.Away}


def alter(name: str, change: str) -> None:
    engine = db.engine(db.JOBS).execution_options(isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"ALTER DATABASE {name} {change}"))


def test_a_database_that_lets_nobody_in_is_away_and_says_why(postgres: str) -> None:
    alter(NAME, "ALLOW_CONNECTIONS false")
    try:
        db.configure(settings().database_urls)
        with pytest.raises(db.Away) as caught:
            ask()
        assert "not currently accepting connections" in caught.value.cause
    finally:
        alter(NAME, "ALLOW_CONNECTIONS true")
        db.configure(settings().database_urls)


def test_a_database_that_may_not_be_written_is_read_further(databases: None) -> None:
    alter(NAME, "SET default_transaction_read_only = on")
    try:
        db.configure(settings().database_urls)
        with pytest.raises(db.Away) as caught, db.session(NAME) as session:
            session.connection().execute(text("DELETE FROM notifications"))
        assert "read-only" in caught.value.cause
        assert ask() == 1
    finally:
        alter(NAME, "RESET default_transaction_read_only")
        db.configure(settings().database_urls)

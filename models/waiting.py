"""No wait for a database is endless.

psycopg2 waits in the kernel for an answer, and a proxy or a sick server that keeps the connection
open and says nothing would hold the thread for ever; neither keepalives nor TCP_USER_TIMEOUT end
that. It lets another function wait instead, here with a deadline
(https://www.psycopg.org/docs/advanced.html#green-support). After it the connection is closed.
"""

import select
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

import psycopg2
from psycopg2.extensions import POLL_OK, POLL_READ, connection, set_wait_callback

# To connect, or to give a sign of life on a connection that lay idle.
REACH_SECONDS = 3.0
# For one statement. The server gives a statement up a little earlier (`models.db`).
ANSWER_SECONDS = 15.0

_patience = threading.local()


def bound_waits() -> None:
    """Let every connection of this process wait with a deadline."""
    set_wait_callback(_wait)


@contextmanager
def at_most(seconds: float | None) -> Iterator[None]:
    """Wait so long for each answer in the block, in this thread; None is for ever."""
    before = getattr(_patience, "seconds", ANSWER_SECONDS)
    _patience.seconds = seconds
    try:
        yield
    finally:
        _patience.seconds = before


def _wait(opened: connection) -> None:
    seconds: float | None = getattr(_patience, "seconds", ANSWER_SECONDS)
    deadline = None if seconds is None else monotonic() + seconds
    while (state := opened.poll()) != POLL_OK:
        # Registered anew each time: while connecting, the socket changes from address to address.
        poller = select.poll()
        poller.register(opened.fileno(), select.POLLIN if state == POLL_READ else select.POLLOUT)
        left = None if deadline is None else max(0.0, deadline - monotonic()) * 1000
        if not poller.poll(left):
            raise psycopg2.OperationalError(f"no answer within {seconds:g} s")

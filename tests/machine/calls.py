"""What a worker's work in threads meets in the databases: troubles, and rests before a commit."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event
from sqlalchemy.exc import OperationalError
from sqlmodel import Session

from models import db

# When the connection breaks: before anything, before the commit, or when it is done already.
BREAKS = ("begin", "commit", "committed")

_here = threading.local()


class Killed(BaseException):
    """The process of this call is no more; PostgreSQL rolls its transaction back."""


class Call:
    """A function that a worker runs in a thread.

    `breaks` is (database, one of `BREAKS`): the first session with that database breaks so. With
    `rests` the call stops right before its first commit in the job database, with its locks.
    """

    def __init__(
        self,
        work: Callable[..., Any],
        *args: Any,
        breaks: tuple[str, str] | None = None,
        rests: bool = False,
    ) -> None:
        self._work, self._args = work, args
        self._breaks, self._may_rest = breaks, rests
        self._told, self._goes_on, self._is_killed = threading.Event(), threading.Event(), False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.is_resting = False
        self.result: Any = None
        self.error: BaseException | None = None

    def start(self) -> None:
        """Run until the end, or until the call rests."""
        if not self._may_rest:
            self._run()
            return
        self._thread.start()
        self._told.wait()

    def go_on(self, *, is_killed: bool = False) -> None:
        """Bring a resting call to its end; a killed one writes nothing."""
        self.is_resting, self._is_killed = False, is_killed
        self._goes_on.set()
        self._thread.join()

    def meet(self, name: str, moment: str) -> None:
        """A session with the database `name` is at this moment."""
        if moment == "commit" and name == db.JOBS and self._may_rest:
            self._may_rest, self.is_resting = False, True
            self._told.set()
            self._goes_on.wait()
            if self._is_killed:
                raise Killed
        if self._breaks == (name, moment):
            self._breaks = None
            raise away(name)

    def _run(self) -> None:
        _here.call = self
        try:
            self.result = self._work(*self._args)
        except BaseException as error:
            self.error = error
        finally:
            _here.call = None
            self._told.set()


def away(name: str) -> OperationalError:
    """What psycopg2 raises for a database that is not there."""
    return OperationalError("", {}, Exception(f"{name}: the server closed the connection"))


@contextmanager
def watched(databases_away: set[str]) -> Iterator[None]:
    """Let sessions meet the troubles of their calls, and every call the databases that are away."""

    def begins(session: Session, *_: Any) -> None:
        _meet(session, "begin")

    def commits(session: Session) -> None:
        _meet(session, "commit")

    def committed(session: Session) -> None:
        _meet(session, "committed")

    def _meet(session: Session, moment: str) -> None:
        call: Call | None = getattr(_here, "call", None)
        if call is None:
            return
        name = session.get_bind().engine.url.database or ""
        if name in databases_away:
            raise away(name)
        call.meet(name, moment)

    hooks = {"after_begin": begins, "before_commit": commits, "after_commit": committed}
    for name, hook in hooks.items():
        event.listen(Session, name, hook)
    try:
        yield
    finally:
        for name, hook in hooks.items():
            event.remove(Session, name, hook)

"""What a worker's work in threads meets in the databases: troubles, and rests before a commit."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, select

from models import db
from models.jobs import JobQueueEntry, JobStatusChange

# When the connection breaks: before anything, before the commit, or when it is done already.
BREAKS = ("begin", "commit", "committed")

_here = threading.local()


class Killed(BaseException):
    """The process of this call is no more; PostgreSQL rolls its transaction back."""


class Call:
    """A function that the worker of that name runs in a thread.

    `breaks` is (database, one of `BREAKS`): the first session with that database breaks so. With
    `may_rest` it stops right before its first commit in the job database, with its locks. Both
    are empty again when they have happened.
    """

    def __init__(
        self,
        work: Callable[..., Any],
        *args: Any,
        worker: str,
        breaks: tuple[str, str] | None = None,
        may_rest: bool = False,
    ) -> None:
        self._work, self._args, self.worker = work, args, worker
        self.breaks, self.may_rest = breaks, may_rest
        self._told, self._goes_on, self._is_killed = threading.Event(), threading.Event(), False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.is_resting = False
        self.result: Any = None
        self.error: BaseException | None = None

    def start(self) -> None:
        """Run until the end, or until the call rests."""
        if not self.may_rest:
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
        if moment == "commit" and name == db.JOBS and self.may_rest:
            self.may_rest, self.is_resting = False, True
            self._told.set()
            self._goes_on.wait()
            if self._is_killed:
                raise Killed
        if self.breaks == (name, moment):
            self.breaks = None
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
def watched(databases_away: set[str], surprises: list[str]) -> Iterator[None]:
    """Let sessions meet the troubles of their calls, and every call the databases that are away.

    It is a surprise where a worker writes of a job whose lease another one has by now.
    """

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

    def flushes(session: Session, *_: Any) -> None:
        call: Call | None = getattr(_here, "call", None)
        for job_id in _written(session) if call else ():
            owner = _lease_owner(job_id)
            if not owner.startswith(f"{call.worker}:"):
                surprises.append(f"{call.worker} writes of a job that “{owner}” holds")

    hooks = {
        "after_begin": begins,
        "before_flush": flushes,
        "before_commit": commits,
        "after_commit": committed,
    }
    for name, hook in hooks.items():
        event.listen(Session, name, hook)
    try:
        yield
    finally:
        for name, hook in hooks.items():
            event.remove(Session, name, hook)


def _written(session: Session) -> set[int]:
    """The jobs that a session gives back, retires, or moves to another status."""
    entries = [one for one in session.dirty if isinstance(one, JobQueueEntry)]
    given_back = [entry.job_id for entry in entries if not entry.lease_owner]
    retired = [one.job_id for one in session.deleted if isinstance(one, JobQueueEntry)]
    changes = [one for one in session.new if isinstance(one, JobStatusChange)]
    moved = [one.job_id for one in changes if one.from_status != one.to_status]
    return {*given_back, *retired, *moved}


def _lease_owner(job_id: int) -> str:
    """Who holds a job for everybody to see, whatever the transaction at hand is about to do."""
    entry = select(JobQueueEntry.lease_owner).where(JobQueueEntry.job_id == job_id)
    with db.engine(db.JOBS).connect() as connection:
        return connection.execute(entry).scalar() or "nobody"

"""Who holds a session, asked of the database each time, and for many tabs with one statement.

Two hundred tabs that are woken by one change would otherwise ask two hundred times. Nothing is
remembered: an answer comes from a statement that began after its question, so a session that has
ended is refused at once.
"""

import asyncio
from weakref import WeakKeyDictionary

from app.domain import sessions
from app.domain.access import Actor
from app.domain.errors import NotSignedIn
from models import db
from models.threads import call

Question = asyncio.Future[Actor | None]


class SessionChecks:
    """The questions of one event loop that wait for the statement under way to end."""

    def __init__(self) -> None:
        self._waiting: dict[str, list[Question]] = {}
        self._answering: asyncio.Task[None] | None = None

    async def actor_of(self, token: str) -> Actor:
        """Return who holds a session's token; `NotSignedIn` if nobody does."""
        question: Question = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(token, []).append(question)
        if self._answering is None:
            self._answering = asyncio.create_task(self._answer())
        actor = await question
        if actor is None:
            raise NotSignedIn
        return actor

    async def _answer(self) -> None:
        """Answer all that waits with one call, and what came meanwhile with the next."""
        try:
            while self._waiting:
                asked, self._waiting = self._waiting, {}
                await _answer_all(asked)
        finally:
            self._answering = None


async def _answer_all(asked: dict[str, list[Question]]) -> None:
    found: dict[str, Actor] = {}
    failure: BaseException | None = None
    try:
        found = await call(db.USERS, sessions.actors_of, tokens=list(asked))
    except BaseException as error:  # whoever waits must not wait for ever
        failure = error
    for token, questions in asked.items():
        for question in questions:
            if question.done():  # its tab was closed meanwhile
                continue
            if failure is None:
                question.set_result(found.get(token))
            else:
                question.set_exception(failure)
    if failure is not None and not isinstance(failure, Exception):
        raise failure


_of_loop: WeakKeyDictionary[asyncio.AbstractEventLoop, SessionChecks] = WeakKeyDictionary()


async def actor_of(token: str) -> Actor:
    """Return who holds a session's token now; `NotSignedIn` if it ended or never was."""
    checks = _of_loop.setdefault(asyncio.get_running_loop(), SessionChecks())
    return await checks.actor_of(token)

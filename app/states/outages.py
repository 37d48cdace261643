"""What the page in a tab cannot show, because a database is away.

A handler called `load` reads what a page shows. What one of them misses is said on the page, and
they run again every few seconds until all is there (`app.pages.template`).
"""

import reflex as rx

from app.domain.unavailable import WORDS
from models import db


class OutageState(rx.State):
    """A sentence for each database that the tab's page misses."""

    notices: list[str] = []
    # The page, and what each of its loads has missed, by database.
    _path: str = ""
    _missed: dict[str, list[str]] = {}


class Parts:
    """The parts of a page, read one by one, so that one that is missing leaves the others.

    parts = Parts()
    with parts:
        self.jobs = await call(db.JOBS, …)
    with parts:
        self.services = await call(db.REGISTRY, …)
    parts.settle()
    """

    def __init__(self) -> None:
        self._missing: list[db.Away] = []

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        if not isinstance(error, db.Away):
            return False
        self._missing.append(error)
        return True

    def settle(self) -> None:
        """Raise what was missing, now that the other parts are there."""
        if self._missing:
            raise db.Away.together(self._missing)


async def note(state: rx.State, load: str, missed: list[str]) -> None:
    """Keep what a load of the tab's page has just missed, or that it missed nothing."""
    outages = await state.get_state(OutageState)
    path = state.router.url.path
    before = outages._missed if outages._path == path else {}
    after = {**before, load: missed}
    if outages._path != path or before.get(load, []) != missed:
        outages._path, outages._missed = path, {name: what for name, what in after.items() if what}
        databases = {database: None for what in after.values() for database in what}
        notices = [_notice(database) for database in databases]
        if outages.notices != notices:
            outages.notices = notices


def _notice(database: str) -> str:
    words = WORDS[database]
    return f"{words.cannot}. {words.but} This page comes back by itself."

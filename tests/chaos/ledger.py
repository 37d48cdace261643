"""What the run did so far, as its threads tell each other, and reading it from the databases."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event
from typing import TypeVar

from sqlmodel import col, func, select

from app.domain.relay import SOURCES
from models import db
from models.jobs import Job

T = TypeVar("T")

PATIENCE_S = 120.0


@dataclass
class Ledger:
    """Counts and facts of one run. Each field is written by one thread only."""

    submitted: int = 0
    # job ref: the content that its one result must have
    expected: dict[str, bytes] = field(default_factory=dict)
    # the keys of submissions that did not go through at once
    repeated: set[str] = field(default_factory=set)
    kills: int = 0
    # what the killed worker was at: how often
    phases: Counter[str] = field(default_factory=Counter)
    # how often PostgreSQL went away
    outages: int = 0
    restarts: list[str] = field(default_factory=list)
    is_cut_short: Event = field(default_factory=Event)


def patiently(work: Callable[[], T], *, again: Callable[[], None] = lambda: None) -> T:
    """Do database work that may be repeated, until the server is there; `again` hears of each."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            return work()
        except db.UNAVAILABLE:
            if time.monotonic() > deadline:
                raise
        again()
        time.sleep(0.2)


def completed() -> int:
    """How many jobs are complete."""
    with db.session(db.JOBS) as session:
        complete = select(func.count()).where(col(Job.status) == "completed")
        return session.exec(complete).one()


def undelivered() -> int:
    """How many changes the other databases have not followed yet."""
    waiting = 0
    for name, table in SOURCES.items():
        with db.session(name) as session:
            due = select(func.count(col(table.id))).where(col(table.delivered_at).is_(None))
            waiting += session.exec(due).one()
    return waiting

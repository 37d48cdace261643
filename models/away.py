"""What this process knows of databases that cannot be reached, so that one costs nobody's time.

After a failed connection everybody is refused at once for a moment, which grows from one second to
five; then one caller tries again for all.
"""

import logging
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic
from types import MappingProxyType

from sqlalchemy.exc import DBAPIError, InterfaceError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

# What each database holds, in the words of those who miss it.
DOMAINS: Mapping[str, str] = MappingProxyType(
    {
        "federated_imputation": "settings and audit",
        "user_management_db": "people and sign-in",
        "service_registry_db": "services and panels",
        "job_processing_db": "jobs",
        "file_management_db": "files",
        "notification_db": "notifications",
        "monitoring_db": "monitoring",
    }
)

FIRST_PAUSE = 1.0
LONGEST_PAUSE = 5.0
# While one caller tries, the others are refused for at most this long.
TRIAL_SECONDS = 10.0

# https://www.postgresql.org/docs/current/errcodes-appendix.html
READ_ONLY = "25006"

log = logging.getLogger("models.away")


class Away(Exception):
    """A database cannot be reached, does not answer or refuses: what needs it must wait."""

    def __init__(self, database: str, cause: str) -> None:
        self.database = database
        self.domain = DOMAINS.get(database, database)
        self.cause = cause
        # This one, and others that were missed with it.
        self.databases = [database]
        super().__init__(f"The platform's own database of {self.domain} is unavailable.")

    @classmethod
    def together(cls, missed: "Sequence[Away]") -> "Away":
        """Make one error of several."""
        one = cls(missed[0].database, missed[0].cause)
        one.databases = list(dict.fromkeys(error.database for error in missed))
        return one


# What a database raises that is away, refuses, or has no free connection in time.
UNAVAILABLE = (Away, OperationalError, InterfaceError, PoolTimeout)


@dataclass
class _Outage:
    retry_at: float
    pause: float
    cause: str


_lock = threading.Lock()
_outages: dict[str, _Outage] = {}
_answered_at: dict[str, float] = {}


def refuse_if_away(database: str) -> None:
    """Raise `Away` where a database is known to be away and it is not yet time to try again."""
    with _lock:
        outage = _outages.get(database)
        if outage is not None and monotonic() < outage.retry_at:
            raise Away(database, outage.cause)


@contextmanager
def reaching(database: str) -> Iterator[None]:
    """Reach for a database in the block; raise `Away`, at once where that is known."""
    pause = _admit(database)
    started = monotonic()
    try:
        yield
    except PoolTimeout as error:
        # Its connections are all in use here, which says nothing about the database.
        raise Away(database, cause_of(error)) from error
    except (OperationalError, InterfaceError) as error:
        _failed(database, cause_of(error), pause, started)
        raise Away(database, cause_of(error)) from error
    _answered(database)


@contextmanager
def named(database: str) -> Iterator[None]:
    """Make `Away` of what a database raises in the block that breaks off or may not be written."""
    try:
        yield
    except (OperationalError, InterfaceError, PoolTimeout) as error:
        raise Away(database, cause_of(error)) from error
    except InternalError as error:
        if getattr(error.orig, "pgcode", "") != READ_ONLY:
            raise
        raise Away(database, cause_of(error)) from error


def forget() -> None:
    """Know nothing of any database, as at the start."""
    with _lock:
        _outages.clear()
        _answered_at.clear()


def is_known(error: Exception) -> bool:
    """Whether it comes of a database that is known, and was logged, to be away."""
    with _lock:
        return isinstance(error, Away) and error.database in _outages


def cause_of(error: Exception) -> str:
    """The first line of what a driver says."""
    if isinstance(error, Away):
        return f"{error.database}: {error.cause}"
    said = str(error.orig if isinstance(error, DBAPIError) else error).strip()
    return said.split("\n")[0] or type(error).__name__


def _admit(database: str) -> float:
    """Let the caller try, and return how long everybody is refused if that fails."""
    refuse_if_away(database)
    with _lock:
        outage = _outages.get(database)
        if outage is None:
            return FIRST_PAUSE
        outage.retry_at = monotonic() + TRIAL_SECONDS
        return min(outage.pause * 2, LONGEST_PAUSE)


def _failed(database: str, cause: str, pause: float, started: float) -> None:
    with _lock:
        if _answered_at.get(database, 0.0) > started:
            # It has come back since; this try had begun before, and ended late.
            return
        is_new = database not in _outages
        _outages[database] = _Outage(monotonic() + pause, pause, cause)
    if is_new:
        log.warning("the database %s is away: %s", database, cause)


def _answered(database: str) -> None:
    with _lock:
        _answered_at[database] = monotonic()
        outage = _outages.pop(database, None)
    if outage is not None:
        log.warning("the database %s is back", database)

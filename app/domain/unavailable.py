"""What a database that is away means for people, in their words."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from models import db


@dataclass(frozen=True)
class Words:
    """`cannot` is what nobody can do now; `but` is what goes on all the same."""

    cannot: str
    but: str


WORDS: Mapping[str, Words] = MappingProxyType(
    {
        db.USERS: Words(
            "Sign-in and permissions cannot be checked at the moment",
            "Whoever is signed in stays so, and runs at the services go on.",
        ),
        db.REGISTRY: Words(
            "Services and panels cannot be read or changed at the moment",
            "Runs at the services go on, and results can be downloaded.",
        ),
        db.JOBS: Words(
            "Jobs cannot be read or changed at the moment",
            "Runs at the services go on, and nothing is lost.",
        ),
        db.FILES: Words(
            "Datasets and files cannot be read or changed at the moment",
            "They are safe, and jobs that run go on.",
        ),
        db.NOTIFICATIONS: Words(
            "Notifications cannot be read at the moment",
            "None is lost: they arrive later.",
        ),
        db.MONITORING: Words(
            "The platform's own state cannot be read at the moment",
            "Everything else goes on.",
        ),
        db.PLATFORM: Words(
            "Settings and the audit log cannot be read at the moment",
            "Everything else goes on, and what happens is noted later.",
        ),
    }
)


def what_cannot_be_done(error: Exception) -> str:
    """The sentence, without its full stop, about an error of `models.away.UNAVAILABLE`."""
    if isinstance(error, db.Away):
        return WORDS[error.database].cannot
    return "A part of the platform cannot be reached at the moment"

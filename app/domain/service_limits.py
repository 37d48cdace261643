"""The limits that a service sets, and when somebody last confirmed each of them with it.

Services publish them in documents that change, and differ from each other, so that they are fields
of a service which an administrator fills in, and never constants.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from types import MappingProxyType
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from sqlmodel import Session

from app.domain.service_lookup import service_of

Count = Annotated[int, Field(gt=0, le=2**53)]

GIB = 1024**3
# A limit that was confirmed longer ago than this is worth a look at the service's documents.
CONFIRMATION_LASTS = timedelta(days=180)


class Limits(BaseModel):
    """What a service takes and keeps; None: no limit.

    Samples and files are those of one job, `max_file_bytes` of one file. `max_concurrent_jobs` are
    the runs that one account there may have at a time, waiting ones included. Results are deleted
    `retention_days` after the run's end, and each is handed out `max_downloads` times.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    min_samples: Count | None = None
    max_samples: Count | None = None
    max_files: Count | None = None
    max_file_bytes: Count | None = None
    max_concurrent_jobs: Count | None = None
    retention_days: Count | None = None
    max_downloads: Count | None = None

    @model_validator(mode="after")
    def _some_number_of_samples_fits(self) -> Self:
        if self.min_samples and self.max_samples and self.min_samples > self.max_samples:
            raise ValueError("The fewest samples per job must not be more than the most.")
        return self


NAMES = tuple(Limits.model_fields)

_WORDS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "min_samples": ("at least {} samples per job", "no least number of samples"),
        "max_samples": ("at most {} samples per job", "any number of samples"),
        "max_files": ("at most {} files per job", "any number of files"),
        "max_file_bytes": ("at most {} GiB per file", "files of any size"),
        "max_concurrent_jobs": ("at most {} jobs at a time per account", "any number of jobs"),
        "retention_days": ("results are deleted after {} days", "results are not deleted"),
        "max_downloads": ("each result is handed out {} times", "downloads are not counted"),
    }
)


def retention_days_of(session: Session, *, service_ref: str) -> int | None:
    """For how many days a service keeps results, where that is known. For the worker."""
    days: int | None = Limits.model_validate(service_of(session, service_ref).limits).retention_days
    return days


@dataclass(frozen=True)
class LimitFact:
    """A limit in words. `confirmed_on` is None where nobody ever confirmed it with the service."""

    name: str
    text: str
    confirmed_on: date | None
    is_old: bool


def limit_facts(
    limits: Mapping[str, Any], confirmed: Mapping[str, Any], *, today: date
) -> list[LimitFact]:
    """The limits that are set, and those of which it is confirmed that there is none."""
    facts = []
    for name in NAMES:
        on = date.fromisoformat(confirmed[name]) if confirmed.get(name) else None
        if limits.get(name) is not None or on is not None:
            is_old = on is not None and today - on > CONFIRMATION_LASTS
            facts.append(LimitFact(name, limit_in_words(name, limits.get(name)), on, is_old))
    return facts


def limit_in_words(name: str, value: int | None) -> str:
    """One limit as a phrase, such as “at most 25,000 samples per job”."""
    some, none = _WORDS[name]
    if value is None:
        return none
    amount = f"{value / GIB:,.4g}" if name == "max_file_bytes" else f"{value:,}"
    words = some.format(amount)
    return re.sub(r"(\b1 \w+)s\b", r"\1", words) if value == 1 else words


def confirmations(
    limits: Limits,
    *,
    given: Mapping[str, date],
    before: Mapping[str, Any],
    confirmed_before: Mapping[str, Any],
    today: date,
) -> dict[str, str]:
    """The dates to keep, by name: as `given`, today for a value that changed, else as before.

    `before` and `confirmed_before` are the service's limits and dates until now.
    """
    kept = {}
    for name in NAMES:
        if name in given:
            kept[name] = given[name].isoformat()
        elif getattr(limits, name) != before.get(name):
            kept[name] = today.isoformat()
        elif confirmed_before.get(name):
            kept[name] = str(confirmed_before[name])
    return kept

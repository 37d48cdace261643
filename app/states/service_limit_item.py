"""A service's limits as pages show them: in words, with the day of the last confirmation."""

from typing import TypedDict

from app.domain.service_limits import CONFIRMATION_LASTS, limit_facts
from app.domain.services import ServiceRow
from models.base import now


class LimitItem(TypedDict):
    """One limit. `doubt` says that it may not hold any more; empty where it surely does."""

    text: str
    confirmed: str
    doubt: str


def limit_items(row: ServiceRow) -> list[LimitItem]:
    """The limits of a service."""
    return [
        LimitItem(
            text=fact.text[0].upper() + fact.text[1:],
            confirmed=f"confirmed {fact.confirmed_on}" if fact.confirmed_on else "never confirmed",
            doubt=f"more than {CONFIRMATION_LASTS.days} days ago" if fact.is_old else "",
        )
        for fact in limit_facts(row.limits, row.limits_confirmed, today=now().date())
    ]

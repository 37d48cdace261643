"""What is said of tokens, in words for their owners. Nothing of a token itself is in them."""

from datetime import datetime

from app.domain.alerts import ADMINISTRATORS, PERSON
from app.domain.credentials import CredentialRow

ASK_AGAIN = "Get a new one from the service and enter it on the service's page."
ENDED = 0


def whose_token(*, is_shared: bool) -> str:
    """Whose token it is, at the beginning of a sentence."""
    return "The lab's token" if is_shared else "Your token"


def audience_of(user_ref: str) -> str:
    """Who is told of a token (`alerts.raise_alert`): its owner, or administrators of the lab's."""
    return f"{PERSON}{user_ref}" if user_ref else ADMINISTRATORS


def warning_of(credential_ref: str, expires_at: datetime, days: int) -> str:
    """What makes the news that a token ends within so many days the same news."""
    return f"{credential_ref}:{expires_at.timestamp():.0f}:{days}"


def has_ended(expires_at: datetime) -> str:
    """That it has ended."""
    return f"has ended on {expires_at:%Y-%m-%d}"


def why_useless(row: CredentialRow) -> str:
    """Why a run with a token would be refused, and what helps."""
    whose = whose_token(is_shared=row.is_shared)
    cure = "Enter one of your own, or ask an administrator." if row.is_shared else ASK_AGAIN
    if row.expires_at is not None and row.has_ended:
        return f"{whose} for this service {has_ended(row.expires_at)}. {cure}"
    return f"{whose} is not accepted by this service. {cure}"

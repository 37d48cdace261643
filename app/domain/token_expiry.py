"""When tokens end, where they or their services say so.

A JSON Web Token (RFC 7519, 4.1.4 “exp”) carries its end in its middle part, which is not encrypted.
"""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlmodel import Session, col, select

from models.users import ServiceCredential

PARTS = 3


@dataclass(frozen=True)
class TokenEnd:
    """When a token ends. `user_ref` is empty for the lab's."""

    credential_ref: str
    service_ref: str
    user_ref: str
    expires_at: datetime


def token_ends(session: Session, *, until: datetime) -> Sequence[TokenEnd]:
    """The tokens that are known to end by then. For the worker; the session is of the users."""
    rows = session.exec(select(ServiceCredential).where(col(ServiceCredential.expires_at) <= until))
    return [
        TokenEnd(row.ref, row.service_ref, row.user_ref, row.expires_at)
        for row in rows
        if row.expires_at is not None
    ]


def end_of(token: str) -> datetime | None:
    """When a JSON Web Token ends; None if it is none, or does not say."""
    parts = token.split(".")
    if len(parts) != PARTS:
        return None
    padded = parts[1] + "=" * (-len(parts[1]) % 4)
    try:
        claims = json.loads(base64.urlsafe_b64decode(padded))
        return datetime.fromtimestamp(float(claims["exp"]), UTC)
    except (ValueError, KeyError, TypeError, OverflowError, OSError, RecursionError):
        return None

"""When stored tokens end, where they say so themselves.

A JSON Web Token (RFC 7519, 4.1.4 “exp”) carries its end in its middle part, which is not encrypted.
Of other tokens nothing is known. The token itself stays here.
"""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography.fernet import InvalidToken
from sqlmodel import Session, select

from app.domain.credentials import decrypt
from models.users import ServiceCredential

PARTS = 3


@dataclass(frozen=True)
class TokenEnd:
    """When a token ends. `user_ref` is empty for the lab's."""

    credential_ref: str
    service_ref: str
    user_ref: str
    expires_at: datetime


def token_ends(session: Session) -> Sequence[TokenEnd]:
    """The ends of all tokens that tell theirs. For the worker; the session is of the users."""
    ends = []
    for row in session.exec(select(ServiceCredential)):
        expires_at = end_of_stored(row.ciphertext)
        if expires_at is not None:
            ends.append(TokenEnd(row.ref, row.service_ref, row.user_ref, expires_at))
    return ends


def end_of_stored(ciphertext: str) -> datetime | None:
    """When a stored token ends; None where it does not say, or cannot be decrypted."""
    try:
        return end_of(str(json.loads(decrypt(ciphertext))["token"]))
    except (InvalidToken, ValueError, KeyError, TypeError):
        return None


def end_of(token: str) -> datetime | None:
    """When a JSON Web Token ends; None if it is none, or does not say."""
    parts = token.split(".")
    if len(parts) != PARTS:
        return None
    padded = parts[1] + "=" * (-len(parts[1]) % 4)
    try:
        claims = json.loads(base64.urlsafe_b64decode(padded))
        return datetime.fromtimestamp(float(claims["exp"]), UTC)
    except (ValueError, KeyError, TypeError, OverflowError, OSError):
        return None

"""What a Cloudgene says of an API token (`POST /api/v2/tokens/verify`), and what the token says.

A token is a JWT (RFC 7519): its end can be read without asking. Nothing here writes it anywhere.
"""

import base64
import binascii
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from app.connectors.base import TokenFacts
from app.connectors.cloudgene_parse import mapping_of, moment_of
from app.connectors.cloudgene_text import line

LONGEST_TOKEN = 8192
# Cloudgene 3 answers for a valid token the time of asking as its end
# (`ValidatedApiTokenResponse.java`).
LEAST_LEFT = timedelta(minutes=5)


def token_facts_of(body: Mapping[str, Any], token: str) -> TokenFacts:
    """The server's verdict on a token."""
    is_valid = body.get("valid") is True
    told = _moment(body.get("expire"))
    if is_valid and told is not None and told < datetime.now(UTC) + LEAST_LEFT:
        told = None
    message = line(body.get("message"), longest=300).replace(token, "…")
    account = line(body.get("username") or body.get("mail") or body.get("name"), longest=120)
    return TokenFacts(is_valid, message, account, (told if is_valid else None) or end_of(token))


def end_of(token: str) -> datetime | None:
    """When a token ends by its own words (`exp`), None where it does not say."""
    parts = token.split(".")
    if len(parts) != 3 or len(token) > LONGEST_TOKEN:
        return None
    payload = parts[1] + "=" * (-len(parts[1]) % 4)
    try:
        claims = json.loads(base64.urlsafe_b64decode(payload))
    except (binascii.Error, ValueError, RecursionError):
        return None
    seconds = mapping_of(claims).get("exp")
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        return None
    return moment_of(seconds * 1000)


def _moment(value: Any) -> datetime | None:
    """A time as milliseconds or as an ISO 8601 text."""
    if not isinstance(value, str):
        return moment_of(value)
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)

"""Which stored token is sent to a service, for the code that speaks to services only.

No page or API may pass on what these return.
"""

import json
from collections.abc import Mapping

from cryptography.fernet import InvalidToken
from sqlmodel import Session, col, select

from app.connectors.base import Endpoint
from app.domain.access import Actor, require_service
from app.domain.credentials import credential_row, find_credential, origin_of
from app.domain.errors import Refused
from app.domain.secret_keys import decrypt
from app.domain.service_fields import parse_address
from models.users import ServiceCredential


def tokens_of(session: Session, *, places: Mapping[str, str]) -> dict[str, str | Refused]:
    """The shared token of each service, "" where there is none; `places` are their addresses.

    One query for all of them. For the code that speaks to services only, as `token_of`: where a
    token must not or cannot be used, why not.
    """
    rows = session.exec(
        select(ServiceCredential.service_ref, ServiceCredential.ciphertext).where(
            col(ServiceCredential.service_ref).in_(places), ServiceCredential.user_ref == ""
        )
    )
    tokens: dict[str, str | Refused] = dict.fromkeys(places, "")
    for service_ref, ciphertext in rows:
        try:
            tokens[service_ref] = _usable(ciphertext, places[service_ref])
        except Refused as error:
            tokens[service_ref] = error
    return tokens


def token_of(
    session: Session,
    *,
    service_ref: str,
    base_url: str,
    user_ref: str = "",
    prefers_shared: bool = False,
) -> str:
    """The token to send to a service for a user: the user's own, else the shared one, else "".

    `prefers_shared`: the shared one first, where it is of use. For the code that speaks to services
    only; no page or API may pass it on. Raises `Refused` where it must not or cannot be used.
    """
    rows = _in_order(session, service_ref, user_ref, prefers_shared)
    return _usable(rows[0].ciphertext, base_url) if rows else ""


def sender_of(
    session: Session, *, service_ref: str, user_ref: str, prefers_shared: bool = False
) -> str:
    """Whose token `token_of` sends to a service for a user: the user's ref, or "" for the lab's."""
    rows = _in_order(session, service_ref, user_ref, prefers_shared)
    return rows[0].user_ref if rows else ""


def _in_order(
    session: Session, service_ref: str, user_ref: str, prefers_shared: bool
) -> list[ServiceCredential]:
    rows = [
        row for one in {user_ref: 0, "": 0} if (row := find_credential(session, service_ref, one))
    ]
    if prefers_shared:
        rows.sort(key=lambda row: (credential_row(row).is_useless, row.user_ref != ""))
    return rows


def endpoint_to_test(
    session: Session, *, actor: Actor, base_url: str, service_ref: str = ""
) -> Endpoint:
    """An address that may not be saved yet, with the shared token of the service if it fits."""
    require_service(actor, "service:write", service_ref)
    address = parse_address(base_url)
    token = token_of(session, service_ref=service_ref, base_url=address) if service_ref else ""
    return Endpoint(base_url=address, token=token)


def _usable(ciphertext: str, base_url: str) -> str:
    """A stored token, if it may be sent to this address; else `Refused`."""
    try:
        stored = json.loads(decrypt(ciphertext))
    except InvalidToken:
        raise Refused(
            "The stored token cannot be read, because the platform's secret key has changed. "
            "Enter the token again."
        ) from None
    if stored["origin"] != origin_of(base_url):
        raise Refused(
            f"The stored token was given for {stored['origin']}, but the service is now at "
            f"{origin_of(base_url)}. Enter the token again if it may be sent there."
        )
    return str(stored["token"])

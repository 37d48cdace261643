"""A stored token as pages show it: nothing of it but its last letters."""

from typing import TypedDict

from app.domain.credentials import CredentialRow
from app.states.service_item import iso


class TokenItem(TypedDict):
    """What is known of a token. `since` is empty where none is stored.

    `state` is that of `credentials.TokenState`, or `ended`.
    """

    service_ref: str
    service: str
    whose: str
    href: str
    last_four: str
    since: str
    state: str
    detail: str
    account: str
    ends_at: str
    ends_on: str
    again_at: str


def no_token() -> TokenItem:
    """That none is stored."""
    return TokenItem(**dict.fromkeys(TokenItem.__annotations__, ""))  # type: ignore[typeddict-item]


def token_item(row: CredentialRow | None, *, service: str = "") -> TokenItem:
    """Make what pages show of a token for the service of this name."""
    if row is None:
        return no_token()
    folder = "/admin/services" if row.is_shared else "/services"
    detail = row.detail.strip()
    return TokenItem(
        service_ref=row.service_ref,
        service=service,
        whose="The lab's" if row.is_shared else "Yours",
        href=f"{folder}/{row.service_ref}",
        last_four=row.last_four,
        since=iso(row.updated_at),
        state="ended" if row.has_ended else row.state,
        detail=detail if not detail or detail[-1] in ".!?" else f"{detail}.",
        account=row.account,
        ends_at=iso(row.expires_at),
        ends_on=f"{row.expires_at:%Y-%m-%d}" if row.expires_at else "",
        again_at=iso(row.verify_due_at),
    )

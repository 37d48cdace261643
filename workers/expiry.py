"""Telling people in good time that certificates and tokens end."""

from app.domain.expiry import soonest_warning, warn_of_certificates, warn_of_tokens
from app.domain.token_expiry import token_ends
from models import db
from models.threads import call


async def warn() -> None:
    """Give the warnings that are due; each is given once however often this runs."""
    await call(db.REGISTRY, warn_of_certificates)
    ends = await call(db.USERS, token_ends, until=soonest_warning())
    if ends:
        await call(db.REGISTRY, warn_of_tokens, ends=ends)

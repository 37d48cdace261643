"""Telling owners in good time that their results are not kept for ever."""

from app.domain.retention import warn_of_end
from models import db
from models.threads import call


async def warn() -> None:
    """Give the warnings that are due; each is given once however often this runs."""
    await call(db.FILES, warn_of_end)

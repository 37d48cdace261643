"""Following what administrators change while the worker runs."""

from app.domain.run_time_settings import learn
from models import db
from models.threads import call


async def follow() -> None:
    """Take over the settings of now; while their database is away those of before stay."""
    await call(db.PLATFORM, learn)

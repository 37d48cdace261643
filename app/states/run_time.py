"""How a web process follows the settings that administrators change, and what banner it shows."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import structlog

from app.config import settings
from app.domain.run_time_settings import learn
from app.states.hub import Subscription, hub
from models import db
from models.base import now
from models.threads import call

log = structlog.get_logger(__name__)

TABLE = "settings"
# What was not heard of is found after this long; a banner ends no later than so long after its end.
LOOK_SECONDS = 15.0


@dataclass(frozen=True)
class Banner:
    """What stands above every page; without a text nothing does."""

    text: str = ""
    level: str = "info"


def banner(*, for_visitor: bool = False) -> Banner:
    """The banner of now."""
    ours = settings()
    has_ended = ours.banner_until is not None and ours.banner_until <= now()
    is_hidden = for_visitor and not ours.banner_for_visitors
    return Banner() if has_ended or is_hidden else Banner(ours.banner_text, ours.banner_level)


@asynccontextmanager
async def following_settings() -> AsyncIterator[None]:
    """Follow the settings while the web process lives; those of now are known when this begins."""
    await look()
    task = asyncio.create_task(_follow())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _follow() -> None:
    subscription = Subscription(tables=frozenset({TABLE}), ref="", owner_ref="")
    shown = banner()
    with hub.attended(subscription):
        while True:
            await look()
            if banner() != shown:
                shown = banner()
                hub.publish({"table": TABLE})
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await subscription.changes()


async def look() -> None:
    """Learn the settings of now; where their database is away those of before stay."""
    with suppress(*db.UNAVAILABLE):
        if await call(db.PLATFORM, learn):
            log.info("the settings have changed")

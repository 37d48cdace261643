"""How an event handler calls the domain without holding up the event loop."""

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

from models import db

T = TypeVar("T")


async def call(database: str, function: Callable[..., T], **arguments: Any) -> T:
    """Run one domain function in a thread, in a session of its own that commits at the end."""

    def run() -> T:
        with db.session(database) as session:
            return function(session, **arguments)

    return await asyncio.to_thread(run)

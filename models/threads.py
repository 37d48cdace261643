"""Each database's own few threads: one that hangs holds up its own domain's work, and no other's.

row = await call(db.JOBS, job_detail, actor=actor, job_ref=ref)
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import cache, partial
from typing import Any, TypeVar

from models import away, db

T = TypeVar("T")


async def call(database: str, function: Callable[..., T], /, *arguments: Any, **named: Any) -> T:
    """Run a function whose first argument is a session; commit at its end.

    Raises `models.away.Away` where the database cannot be used, at once if that is known.
    """

    def work() -> T:
        with db.session(database) as session:
            return function(session, *arguments, **named)

    return await run(database, work)


async def run(database: str, work: Callable[[], T]) -> T:
    """Run what opens sessions of one database itself."""
    away.refuse_if_away(database)
    here = asyncio.get_running_loop()
    return await here.run_in_executor(_threads(database), partial(copy_context().run, work))


@cache
def _threads(database: str) -> ThreadPoolExecutor:
    """As many threads as there may be connections, made as they are needed."""
    return ThreadPoolExecutor(db.POOL_SIZE + db.MAX_OVERFLOW, thread_name_prefix=database)

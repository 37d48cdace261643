"""Calls that must succeed, however long their database is away."""

from collections.abc import Callable
from typing import Any, TypeVar

from tenacity import AsyncRetrying, retry_if_exception_type, wait_random_exponential

from models import db
from models.threads import call

T = TypeVar("T")


async def insist(database: str, function: Callable[..., T], /, *arguments: Any, **named: Any) -> T:
    """Call a function of the domain (`models.threads.call`) until its database takes it.

    For what was learned outside and would be lost. What is called may have taken effect although
    it seemed to fail, so calling it twice must do no harm.
    """
    patiently = AsyncRetrying(
        retry=retry_if_exception_type(db.UNAVAILABLE), wait=wait_random_exponential(0.2, max=3)
    )
    return await patiently(call, database, function, *arguments, **named)

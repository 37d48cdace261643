"""Whether a service still answers on a connection that was idle while it started a run.

Toil's runs inherit the web server's sockets: a client that asks again on a connection of before
waits for ever. The platform reuses no connection anywhere; this tells whether others may.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from app.connectors.client import fetch, open_client
from app.connectors.conformance import Feature, Observation, observation
from app.connectors.errors import ConnectorError
from app.connectors.wes_http import WesHttp

# gunicorn closes idle connections after 2 seconds.
IDLE_SECONDS = 4.0
ANSWER_SECONDS = 6.0


@asynccontextmanager
async def idle_connection(http: WesHttp) -> AsyncIterator[Callable[[], Awaitable[Observation]]]:
    """Open a connection; what is yielded asks again on it, once the block has started a run."""
    async with open_client(request_timeout=ANSWER_SECONDS, keep_alive=True) as client:

        async def ask() -> str:
            try:
                await fetch(client, await http.request("GET", http.url("service-info")))
            except ConnectorError as error:
                return str(error)
            return ""

        failure = await ask()

        async def ask_again() -> Observation:
            if failure:
                return observation(Feature.KEEP_ALIVE, None, failure)
            await asyncio.sleep(IDLE_SECONDS)
            again = await ask()
            told = again or "It answered."
            return observation(Feature.KEEP_ALIVE, not again, f"After four idle seconds: {told}")

        yield ask_again

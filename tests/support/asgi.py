"""Real loopback HTTP servers for tests, from a small ASGI app each."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import granian.constants
from granian.server.embed import Server

from tests.support.processes import free_port

App = Callable[[dict[str, Any], Callable[..., Awaitable[Any]], Callable[..., Awaitable[Any]]], Any]


@asynccontextmanager
async def served(app: App) -> AsyncIterator[str]:
    """Serve an ASGI app on a free loopback port while the block runs; gives its base URL."""
    port = free_port()
    server = Server(
        app, address="127.0.0.1", port=port, interface=granian.constants.Interfaces.ASGINL
    )
    running = asyncio.create_task(server.serve())
    try:
        await _listening(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.stop()
        await running


async def _listening(port: int) -> None:
    async with asyncio.timeout(20):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.02)
                continue
            writer.close()
            return

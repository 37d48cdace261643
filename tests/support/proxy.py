"""A TCP proxy before one database, which can take the database away in every way there is.

pass     what is said goes through
refuse   nothing listens, and established connections are reset
hang     connections are accepted and never answered, and established ones fall silent for good
silence  established connections fall silent for good, new ones pass
slow     every piece of what is said comes late
"""

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sqlalchemy import URL

BLOCK = 65536
SLOW_SECONDS = 0.1


class Proxy:
    """A proxy on a loopback port of its own, in a thread of its own."""

    def __init__(self, upstream: Path) -> None:
        self._upstream = upstream
        self._mode = "pass"
        self._writers: set[asyncio.StreamWriter] = set()
        # Set, and replaced, whenever the connections of before must fall silent.
        self._epoch = 0
        self._loop = asyncio.new_event_loop()
        self._server: asyncio.Server | None = None
        self.port = 0
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._run(self._listen())

    def set(self, mode: str) -> None:
        """Change what becomes of connections, before it returns."""
        self._run(self._set(mode))

    def until_connected(self) -> None:
        """Wait until somebody has connected."""
        deadline = time.monotonic() + 20
        while not self._writers:
            assert time.monotonic() < deadline, "nobody has connected"
            time.sleep(0.01)

    def stop(self) -> None:
        """Close everything."""
        self._run(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self, work: "asyncio._CoroutineLike[None]") -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(20)

    async def _set(self, mode: str) -> None:
        if mode in ("hang", "silence"):
            self._epoch += 1
        if mode == "refuse" and self._server:
            self._server.close()
            self._server = None
            for writer in self._writers:
                writer.transport.abort()
        self._mode = mode
        if mode != "refuse" and not self._server:
            await self._listen()

    async def _end(self) -> None:
        await self._set("refuse")
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        epoch = self._epoch
        self._writers.add(writer)
        try:
            if self._mode == "hang":
                await self._swallow(reader)
                return
            theirs = await asyncio.open_unix_connection(str(self._upstream))
            self._writers.add(theirs[1])
            try:
                async with asyncio.TaskGroup() as group:
                    group.create_task(self._pump(reader, theirs[1], epoch))
                    group.create_task(self._pump(theirs[0], writer, epoch))
            finally:
                self._writers.discard(theirs[1])
                theirs[1].close()
        except* OSError:
            pass
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, epoch: int
    ) -> None:
        while piece := await reader.read(BLOCK):
            if self._mode == "slow":
                await asyncio.sleep(SLOW_SECONDS)
            if epoch == self._epoch:
                writer.write(piece)
                await writer.drain()
        if epoch == self._epoch:
            writer.close()

    async def _swallow(self, reader: asyncio.StreamReader) -> None:
        with suppress(OSError):
            while await reader.read(BLOCK):
                pass


@contextmanager
def proxied(url: URL) -> Iterator[tuple[Proxy, str]]:
    """Put a proxy before the database of a URL with a Unix socket; gives it and its own URL."""
    folder = url.query["host"]
    assert isinstance(folder, str)
    port = url.port or url.query.get("port") or 5432
    proxy = Proxy(Path(folder) / f".s.PGSQL.{port}")
    own = URL.create(
        url.drivername, url.username, url.password, "127.0.0.1", proxy.port, url.database
    )
    try:
        yield proxy, own.render_as_string(hide_password=False)
    finally:
        proxy.stop()

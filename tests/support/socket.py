"""A browser tab's socket without the browser: what Reflex's client sends, and what it is sent."""

import asyncio
import uuid
from collections.abc import Callable
from typing import Any

import socketio


class Tab:
    """One tab. `token` names it to the server, as a browser's session storage does."""

    def __init__(self, url: str, *, cookies: dict[str, str], token: str = "") -> None:
        self.url = url
        self.token = token or str(uuid.uuid4())
        self.received: list[Any] = []
        self._cookie = "; ".join(f"{name}={value}" for name, value in cookies.items())
        self._client = socketio.AsyncClient(reconnection=False)
        self._news = asyncio.Event()
        self._client.on("event", self._on_event, namespace="/_event")

    async def __aenter__(self) -> "Tab":
        headers = {"Cookie": self._cookie, "Origin": self.url}
        await self._client.connect(
            f"{self.url}?token={self.token}",
            headers=headers,
            transports=["websocket"],
            socketio_path="/_event",
            namespaces=["/_event"],
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.disconnect()

    def _on_event(self, message: Any) -> None:
        self.received.append(message)
        self._news.set()

    async def send(
        self, name: str, path: str = "/", *, query: dict[str, str] | None = None, **payload: Any
    ) -> None:
        """Send an event as Reflex's client does; `query` holds the arguments of the route."""
        event = {
            "name": name,
            "payload": payload,
            "router_data": {"pathname": path, "asPath": path, "query": query or {}},
            "token": self.token,
        }
        await self._client.emit("event", event, namespace="/_event")

    async def until_received(self, text: str, *, seconds: float = 15) -> None:
        """Wait until something that contains `text` was received."""
        await self.until(lambda received: text in received, seconds=seconds)

    async def until(self, is_so: Callable[[str], bool], *, seconds: float = 15) -> None:
        """Wait until what was received, as one text, is as it should be."""
        try:
            async with asyncio.timeout(seconds):
                while not is_so(str(self.received)):
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError(f"received in vain: {str(self.received)[-3000:]}") from None

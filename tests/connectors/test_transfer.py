"""A download that a service counts costs one request, whatever became of the file meanwhile."""

import anyio
import httpx
import pytest

from app.connectors.base import RemoteFile
from app.connectors.errors import ContentChanged
from app.connectors.transfer import open_url

CONTENT = b"another content"


class Server:
    """A file that is shorter or of another version than what was read of it before."""

    def __init__(self) -> None:
        self.requests = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests += 1
        if "range" in request.headers:
            return httpx.Response(416, headers={"Content-Range": f"bytes */{len(CONTENT)}"})
        return httpx.Response(200, content=CONTENT)


async def read(server: Server, *, downloads_left: int | None) -> bytes:
    file = RemoteFile("chr_20.zip", "https://service.test/a", downloads_left=downloads_left)
    async with httpx.AsyncClient(transport=httpx.MockTransport(server)) as client:
        request = client.build_request("GET", file.location)
        async with open_url(client, request, file, offset=100) as download:
            return b"".join([chunk async for chunk in download.chunks])


def test_a_counted_file_that_has_changed_is_not_asked_for_a_second_time() -> None:
    server = Server()
    with pytest.raises(ContentChanged, match="begins anew"):
        anyio.run(lambda: read(server, downloads_left=3))
    assert server.requests == 1


def test_another_file_that_has_changed_is_read_anew_at_once() -> None:
    server = Server()
    assert anyio.run(lambda: read(server, downloads_left=None)) == CONTENT
    assert server.requests == 2

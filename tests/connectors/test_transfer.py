"""A download that a service counts costs one request, whatever became of the file meanwhile."""

import anyio
import httpx
import pytest

from app.connectors.base import RemoteFile
from app.connectors.errors import ConnectorError, ContentChanged
from app.connectors.transfer import open_url

CONTENT = b"another content"


class Server:
    """A file that is shorter than what was read of it before.

    `always`: of a server that refuses every range, also the one that was not asked for.
    """

    def __init__(self, *, always: bool = False) -> None:
        self.requests, self.always = 0, always

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests += 1
        if self.always or "range" in request.headers:
            return httpx.Response(416, headers={"Content-Range": f"bytes */{len(CONTENT)}"})
        return httpx.Response(200, content=CONTENT)


async def read(server: Server, *, downloads_left: int | None, offset: int = 100) -> bytes:
    file = RemoteFile("chr_20.zip", "https://service.test/a", downloads_left=downloads_left)
    async with httpx.AsyncClient(transport=httpx.MockTransport(server)) as client:
        request = client.build_request("GET", file.location)
        async with open_url(client, request, file, offset=offset) as download:
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


@pytest.mark.parametrize("downloads_left", [3, None])
@pytest.mark.parametrize("offset", [0, 100])
def test_a_server_that_refuses_the_whole_file_too_is_an_error_of_its(
    downloads_left: int | None, offset: int
) -> None:
    server = Server(always=True)
    with pytest.raises(ConnectorError):
        anyio.run(lambda: read(server, downloads_left=downloads_left, offset=offset))
    assert server.requests <= 2

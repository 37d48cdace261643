"""Reading a file from an offset on: from a service over HTTP, or from a shared folder."""

import asyncio
import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from app.connectors.answers import error_of, place
from app.connectors.base import Download, RemoteFile
from app.connectors.client import short_answer, streaming, transfer_chunks
from app.connectors.errors import ContentChanged, InvalidAnswer, Unreachable

CHUNK = 256 * 1024
PACKED = (".gz", ".bgz", ".tgz", ".zip")


@asynccontextmanager
async def open_url(
    client: httpx.AsyncClient,
    request: httpx.Request,
    file: RemoteFile,
    *,
    offset: int,
    secret: str = "",
) -> AsyncIterator[Download]:
    """Read a file over HTTP from `offset` on (RFC 9110, 14: range requests).

    A service that ignores the range sends the whole file, and `Download.offset` is then 0, as it is
    when the file is now shorter than `offset` or has another `version`. To ask for it anew may take
    a second request; where downloads are counted, `ContentChanged` is raised instead.
    """
    request.headers["Accept-Encoding"] = "identity"
    if offset:
        request.headers["Range"] = f"bytes={offset}-"
        if file.version:
            request.headers["If-Range"] = file.version
    async with streaming(client, request) as response:
        if offset and response.status_code == 416:
            size = _total(response)
            if size == offset:
                yield Download(_nothing(), offset, size)
                return
        else:
            await _check(client, response, file.name, secret)
            start, size = _extent(response, offset)
            version = _version(response)
            # Some servers go on with another content in spite of If-Range.
            if not start or version == file.version:
                yield Download(transfer_chunks(client, response), start, size, version)
                return
    if file.downloads_left is not None:
        raise ContentChanged(f"“{file.name}” has changed since its fetch began. It begins anew.")
    del request.headers["Range"]
    request.headers.pop("If-Range", None)
    async with open_url(client, request, file, offset=0, secret=secret) as download:
        yield download


def _version(response: httpx.Response) -> str:
    """The strong ETag of an answer, or ""."""
    found = response.headers.get("etag", "")
    return found if re.fullmatch(r'"[\x21\x23-\x7e]{0,200}"', found) else ""


async def _nothing() -> AsyncIterator[bytes]:
    return
    yield


async def _check(
    client: httpx.AsyncClient, response: httpx.Response, name: str, secret: str
) -> None:
    """Raise if the answer is not the file: an error, a web page, or packed once more."""
    where = place(response.request.url)
    if not response.is_success or response.status_code == 204:
        answer = await short_answer(client, response, 64 * 1024)
        raise error_of(answer, secret=secret) or InvalidAnswer(f"{where} sent no file.")
    kind = response.headers.get("content-type", "").lower()
    if "html" in kind and not name.lower().endswith((".html", ".htm")):
        raise InvalidAnswer(f"{where} sent a web page instead of the file {name}.")
    encoding = response.headers.get("content-encoding", "identity").lower()
    if encoding != "identity" and not name.lower().endswith(PACKED):
        raise InvalidAnswer(f"{where} sent {name} packed ({encoding}), which was not asked for.")


def _extent(response: httpx.Response, offset: int) -> tuple[int, int | None]:
    """Where the bytes begin, and the size of the whole file if it is told."""
    if response.status_code != 206:
        length = response.headers.get("content-length", "")
        return 0, int(length) if re.fullmatch(r"\d{1,18}", length) else None
    matched = re.match(r"bytes (\d{1,18})-\d+/", response.headers.get("content-range", ""))
    if not matched or int(matched[1]) != offset:
        raise InvalidAnswer(f"{place(response.request.url)} sent another part than was asked for.")
    return offset, _total(response)


def _total(response: httpx.Response) -> int | None:
    matched = re.search(r"/(\d{1,18})$", response.headers.get("content-range", ""))
    return int(matched[1]) if matched else None


@asynccontextmanager
async def open_path(path: Path, *, offset: int) -> AsyncIterator[Download]:
    """Read a file of this machine from `offset` on, or from 0 if it is shorter."""
    try:
        file = await asyncio.to_thread(path.open, "rb")
    except OSError as error:
        raise Unreachable(f"The output {path.name} cannot be read: {error.strerror}.") from error
    try:
        size = os.fstat(file.fileno()).st_size
        start = offset if offset <= size else 0
        file.seek(start)

        async def chunks() -> AsyncIterator[bytes]:
            while chunk := await asyncio.to_thread(file.read, CHUNK):
                yield chunk

        yield Download(chunks(), start, size)
    finally:
        file.close()

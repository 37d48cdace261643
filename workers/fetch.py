"""Reading one output of a run onto our disk, from where an earlier reading stopped."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from time import monotonic
from typing import BinaryIO

from app.connectors.base import Connector, Download, RemoteFile
from app.connectors.errors import ConnectorError, ContentChanged, InvalidAnswer, Unreachable
from app.domain import store
from app.domain.job_collection import WantedResult
from app.domain.job_queue import Claim

BLOCK = 1024 * 1024
TELL_SECONDS = 2.0

Tell = Callable[[int, int | None], Awaitable[None]]


class Interrupted(Exception):
    """The fetch of a result stopped; `brought` says whether it got any further than before."""

    def __init__(self, cause: ConnectorError, *, brought: bool) -> None:
        self.cause = cause
        self.brought = brought
        super().__init__(str(cause))


def partial_path(claimed: Claim, result: WantedResult) -> Path:
    """Where a result is while it comes."""
    return store.partial_dir() / f"{claimed.job_ref}.{result.id}"


def whole_path(claimed: Claim, result: WantedResult) -> Path:
    """Where a result is once all of it has come: it need not be asked for again after a crash."""
    return store.partial_dir() / f"{claimed.job_ref}.{result.id}{store.WHOLE}"


def is_whole(claimed: Claim, result: WantedResult) -> bool:
    """Whether all of a result has come, perhaps just before a crash: it costs no other download."""
    path, whole = partial_path(claimed, result), whole_path(claimed, result)
    if path.exists() and size_of(path) == result.size:
        path.rename(whole)
    return whole.exists()


async def fetch_to_disk(
    connector: Connector, result: WantedResult, path: Path, *, tell: Tell
) -> None:
    """Complete `path` with the output's bytes; what is there already is not read again.

    Sends one request, since a service may count them.

    `tell` hears how many bytes are here and how many there are in all, at first (so that `is_whole`
    can tell after a crash) and then every few seconds. Raises `ConnectorError` where the reading
    stops early (what arrived stays for the next time) or has another size than the service says,
    and `Refused` where the disk has no room.
    """
    offset = size_of(path)
    store.require_room((result.size or 0) - offset)
    known = path.with_name(f"{path.name}.version")
    remote = RemoteFile(
        name=result.name,
        location=result.location,
        size=result.size,
        version=known.read_text() if offset and known.exists() else "",
        downloads_left=result.downloads_left,
    )
    async with _opened_at(connector, remote, path) as download:
        size = download.size if download.size is not None else result.size
        await asyncio.to_thread(known.write_text, download.version)
        await tell(download.offset, size)
        with await asyncio.to_thread(_opened, path, download.offset) as file:
            written = await _write(download, file, size, tell)
            if size is not None and written > size:
                file.truncate(0)
    if size is not None and written > size:
        raise InvalidAnswer(f"The service sent more of “{result.name}” than its {size:,} bytes.")
    if size is not None and written < size:
        raise Unreachable(f"“{result.name}” broke off after {written:,} of {size:,} bytes.")
    known.unlink(missing_ok=True)


@asynccontextmanager
async def _opened_at(
    connector: Connector, remote: RemoteFile, path: Path
) -> AsyncIterator[Download]:
    """Read a file on from what is here of it; that is thrown away if it is of another content."""
    try:
        async with connector.open(remote, offset=size_of(path)) as download:
            yield download
    except ContentChanged:
        await asyncio.to_thread(path.unlink)
        raise


def size_of(path: Path) -> int:
    """How many bytes of a file are here; 0 without the file."""
    return path.stat().st_size if path.exists() else 0


def _opened(path: Path, offset: int) -> BinaryIO:
    """Open a file to write on; a service may begin at the start although asked to go on."""
    path.touch(mode=0o600)
    file = path.open("r+b")
    file.truncate(offset)
    file.seek(offset)
    return file


async def _write(download: Download, file: BinaryIO, size: int | None, tell: Tell) -> int:
    block = bytearray()
    written, told_at = download.offset, monotonic()
    try:
        async for chunk in download.chunks:
            block += chunk
            written += len(chunk)
            if size is not None and written > size:
                break
            if len(block) >= BLOCK:
                await asyncio.to_thread(_write_block, file, bytes(block))
                block.clear()
            if monotonic() - told_at > TELL_SECONDS:
                await tell(written, size)
                told_at = monotonic()
    finally:
        # Also when the connection is cut: what arrived need not come again. Not in a thread, for
        # which one that is cancelled could not wait.
        file.write(block)
    return written


def _write_block(file: BinaryIO, block: bytes) -> None:
    # A service that sends without end fills a disk within seconds.
    store.require_room(0)
    file.write(block)

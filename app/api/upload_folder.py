"""Where the tus routes keep bytes: one private folder per user, written in threads.

The library's own backends write on the event loop or hold a whole request in memory, and trust
an offset that a crash leaves behind the file. Here the file's length is the offset, so whatever
interrupts an upload, the next request goes on from the bytes that are really there.
"""

import asyncio
import contextlib
import json
import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import structlog
from fastapi import HTTPException
from tuspyserver.storage import TusStorage

from app.config import settings
from app.domain.store import private_folder
from app.domain.storing import try_lock
from app.domain.uploads import data_path

BUFFER = 1024 * 1024
LOCK_SECONDS = 5.0
LOCK_PAUSE = 0.1

log = structlog.get_logger()

# What tuspyserver's record of an upload has that does not follow from the file itself.
KEPT = ("metadata", "size", "created_at", "expires")


def join_uid(owner_ref: str, tus_id: str) -> str:
    """The upload's name in URLs: whose it is, and which."""
    return f"{owner_ref}-{tus_id}"


def split_uid(uid: str) -> tuple[str, str]:
    """Undo `join_uid`."""
    owner_ref, _, tus_id = uid.partition("-")
    return owner_ref, tus_id


class UploadFolder(TusStorage):  # type: ignore[misc]
    """The storage of `tuspyserver` on `<data_dir>/uploads/<user>/`."""

    def __init__(self) -> None:
        self._buffers: dict[str, bytearray] = {}

    def location(self, uid: str) -> str:
        """The path of the bytes."""
        return str(_data(uid))

    async def create(self, uid: str) -> None:
        """Begin an empty upload."""
        await asyncio.to_thread(_create, _data(uid))

    async def exists(self, uid: str) -> bool:
        """Tell whether the upload is known, be it complete or not."""
        return await asyncio.to_thread(_info(uid).exists)

    async def size(self, uid: str) -> int:
        """Bytes on disk; 0 once they have become a file."""
        return await asyncio.to_thread(_size, _data(uid))

    async def append(self, uid: str, chunk: bytes) -> None:
        """Take bytes of a request, and write them when they are worth a write."""
        buffer = self._buffers.setdefault(uid, bytearray())
        buffer += chunk
        if len(buffer) >= BUFFER:
            await _write(uid, self._buffers.pop(uid))

    async def flush(self, uid: str) -> None:
        """Write what is left and wait until it is on disk: from here on it is confirmed."""
        await _write(uid, self._buffers.pop(uid, bytearray()), sync=True)

    async def finalize(self, uid: str) -> None:
        """Nothing to do: every request ended with `flush`."""

    async def read(self, uid: str) -> bytes | None:
        """Refuse: an upload is never read whole into memory."""
        raise NotImplementedError

    async def delete(self, uid: str) -> None:
        """Remove the bytes and the record, once no request writes them any more."""
        async with self.lock(uid):
            await asyncio.to_thread(_delete, uid)

    async def read_info(self, uid: str) -> dict[str, Any] | None:
        """The record of an upload, with the offset that the file itself has."""
        return await asyncio.to_thread(_read_info, uid)

    async def write_info(self, uid: str, data: dict[str, Any]) -> None:
        """Keep the record, if it says something new."""
        await asyncio.to_thread(_write_info, uid, {key: data[key] for key in KEPT})

    async def list_uids(self) -> list[str]:
        """Refuse: the worker sweeps by the database's rows."""
        raise NotImplementedError

    @contextlib.asynccontextmanager
    async def lock(self, uid: str) -> AsyncIterator[None]:
        """Let one request at a time write an upload; 423 if another goes on writing."""
        with contextlib.ExitStack() as held:
            for _ in range(round(LOCK_SECONDS / LOCK_PAUSE)):
                if await asyncio.to_thread(held.enter_context, try_lock(_data(uid))):
                    break
                await asyncio.to_thread(held.pop_all().close)
                await asyncio.sleep(LOCK_PAUSE)
            else:
                raise HTTPException(423, "Another request is sending this file.")
            try:
                yield
            finally:
                self._buffers.pop(uid, None)  # of a request that failed: not confirmed


async def _write(uid: str, content: bytearray, *, sync: bool = False) -> None:
    try:
        await asyncio.to_thread(_append, _data(uid), content, sync=sync)
    except FileNotFoundError:
        raise HTTPException(404, "The upload was cancelled.") from None
    except OSError as error:
        # tuspyserver would answer that all is well, and the browser would send it again at once.
        log.error("bytes of an upload could not be written", uid=uid, error=str(error))
        raise HTTPException(
            507,
            "The platform cannot write the file now; its disk may be full. What has arrived is "
            "kept. Tell an administrator, and go on later.",
        ) from None


def _data(uid: str) -> Path:
    return data_path(*split_uid(uid))


def _info(uid: str) -> Path:
    return _data(uid).with_suffix(".info")


def _create(data: Path) -> None:
    private_folder(private_folder(data.parent.parent) / data.parent.name)
    os.close(os.open(data, os.O_WRONLY | os.O_CREAT, 0o600))


def _size(data: Path) -> int:
    return data.stat().st_size if data.exists() else 0


def _append(data: Path, content: bytearray, *, sync: bool) -> None:
    # Not O_CREAT: a cancelled upload must not come back.
    with os.fdopen(os.open(data, os.O_WRONLY | os.O_APPEND), "ab") as file:
        file.write(content)
        file.flush()
        if sync:
            os.fsync(file.fileno())


def _delete(uid: str) -> None:
    _data(uid).unlink(missing_ok=True)
    _info(uid).unlink(missing_ok=True)


def _read_info(uid: str) -> dict[str, Any] | None:
    try:
        kept: dict[str, Any] = json.loads(_info(uid).read_text())
    except (OSError, ValueError):
        return None
    data = _data(uid)
    # Without its bytes a known upload is complete: they have become a file.
    offset = data.stat().st_size if data.exists() else kept["size"]
    return {**kept, "offset": offset, "expires": _expires(kept["created_at"])}


def _expires(created_at: str) -> str:
    """Until when the upload can be resumed, by the setting of now (RFC 7231)."""
    ends = datetime.fromisoformat(created_at) + timedelta(days=settings().upload_days)
    return format_datetime(ends.astimezone(UTC), usegmt=True)


def _write_info(uid: str, kept: dict[str, Any]) -> None:
    info = _info(uid)
    content = json.dumps(kept)
    if info.exists() and info.read_text() == content:
        return
    new = info.with_suffix(".info-new")
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    new.rename(info)

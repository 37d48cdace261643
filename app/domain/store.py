"""The content store: every file's bytes, kept once, named by their SHA-256.

    <data_dir>/store/<first two hex digits>/<sha256>    complete content, never changed
    <data_dir>/store/incoming/                          content on its way in
    <data_dir>/partial/                                 results while they are being fetched

Folders are 0700 and files 0600. Content appears under its name by an atomic rename after it is
safely on disk, so what can be seen is whole.
"""

import fcntl
import hashlib
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from app.config import settings
from app.domain.errors import Refused

BLOCK = 1024 * 1024
# Ends the name of a result that has come whole and is not kept yet: it may never come again.
WHOLE = ".whole"
SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class StoredPath:
    """Content in the store. `size` is in bytes."""

    sha256: str
    size: int
    path: Path


def private_folder(path: Path) -> Path:
    """Make a folder that only this account may enter; return it."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.chmod(0o700)
    return path


def store_folder(name: str = "") -> Path:
    """Return a folder of the store, made if need be; the store itself is private first."""
    return private_folder(private_folder(settings().store_dir) / name)


def partial_dir() -> Path:
    """Return the folder for results that are being fetched, and make it if need be."""
    return private_folder(settings().data_dir / "partial")


def path_of(sha256: str) -> Path:
    """Return where content is kept, whether or not it is there; ValueError for a wrong name."""
    if not SHA256.fullmatch(sha256):
        raise ValueError("not a SHA-256 in lower-case hexadecimal")
    return settings().store_dir / sha256[:2] / sha256


def sha256_of(path: Path) -> str:
    """Read a file in small blocks and return its SHA-256 in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as source:
        while block := source.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()


def ingest_path(path: Path, *, move: bool = False) -> StoredPath:
    """Put a file's content into the store and return its name.

    The file is copied, or moved where `move` says that it is ours to take. OSError where it cannot
    be read or the disk is full; nothing is visible in the store then.
    """
    if move:
        return place(path, sha256_of(path))
    copy = store_folder("incoming") / secrets.token_hex(8)
    try:
        return place(copy, _copy(path, copy))
    finally:
        copy.unlink(missing_ok=True)


def place(path: Path, sha256: str) -> StoredPath:
    """Move a file whose SHA-256 is known into the store; nothing is kept twice.

    Doing it again after it was done, with the file gone, is harmless.
    """
    target = path_of(sha256)
    if path.exists():
        incoming = store_folder("incoming") / secrets.token_hex(8)
        _bring(path, incoming)
        store_folder(target.parent.name)
        with _locked():
            if target.exists():
                os.utime(target)  # it is wanted again: `remove` must see that
                incoming.unlink()
            else:
                incoming.rename(target)
                _sync_folder(target.parent)
    return StoredPath(sha256=sha256, size=target.stat().st_size, path=target)


def remove(sha256: str, *, unless_newer_than: float) -> bool:
    """Remove content, unless it was put in within so many seconds; tell whether it is gone.

    The time keeps what was stored just now and whose row is not yet committed.
    """
    target = path_of(sha256)
    with _locked():
        if not target.exists():
            return True
        if target.stat().st_mtime > time.time() - unless_newer_than:
            return False
        target.unlink()
    return True


def names() -> Iterator[str]:
    """Every content's SHA-256 that is in the store, in no order."""
    for path in settings().store_dir.glob("??/*"):
        if SHA256.fullmatch(path.name):
            yield path.name


def clear_old(folder: Path, *, older_than: float, spared: str = "") -> int:
    """Remove the files of a folder that were not touched for so many seconds; count them.

    Those whose names end in `spared` stay.
    """
    limit = time.time() - older_than
    old = [path for path in folder.rglob("*") if path.is_file() and path.stat().st_mtime < limit]
    old = [path for path in old if not spared or not path.name.endswith(spared)]
    for path in old:
        path.unlink(missing_ok=True)
    return len(old)


def free_bytes() -> int:
    """Return the room that is left on the disk of the store."""
    return shutil.disk_usage(store_folder()).free


def require_room(needed: int) -> None:
    """Raise `Refused` where results of so many bytes more would fill the disk."""
    if free_bytes() - needed < settings().free_disk_floor_bytes:
        raise Refused(
            "The platform's disk has no room for the results. An administrator must make room; "
            "they are fetched then."
        )


def _bring(path: Path, incoming: Path) -> None:
    with path.open("rb") as source:
        os.fsync(source.fileno())
    path.chmod(0o600)
    try:
        path.rename(incoming)
    except OSError:  # another file system
        _copy(path, incoming)
        path.unlink()
    os.utime(incoming)


def _copy(source_path: Path, target: Path) -> str:
    digest = hashlib.sha256()
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with source_path.open("rb") as source, os.fdopen(descriptor, "wb") as copy:
        while block := source.read(BLOCK):
            digest.update(block)
            copy.write(block)
        copy.flush()
        os.fsync(copy.fileno())
    return digest.hexdigest()


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _locked() -> Iterator[None]:
    """Keep two processes from storing and removing the same content at the same moment."""
    lock = store_folder() / ".lock"
    with lock.open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield

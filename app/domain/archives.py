"""Opening the archives in which services pack results: ZIP, encrypted or not, as a stream.

One member after another is decrypted, unpacked and verified (CRC-32; HMAC where it is AES, WinZip
AE-2) on its way to our disk, so that memory stays flat however large it is. Nothing is written
under a name that an archive gives: members become contents of the store.

Imputation servers encrypt with ZipCrypto unless `aesEncryption` is chosen (AES-256).
"""

import hashlib
import re
import secrets
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from struct import error as StructError

from stream_unzip import (
    IntegrityError,
    MissingPasswordError,
    PasswordError,
    TruncatedDataError,
    UncompressError,
    UnsupportedFeatureError,
    UnzipError,
    stream_unzip,
)

from app.domain import store

BLOCK = 256 * 1024
ROOM_LOOKED_AT_EVERY = 64 * 1024 * 1024
ARCHIVE = ".zip"
# Genotypes come compressed, and tables of text shrink to a tenth: what grows more is a bomb.
MOST_GROWTH = 200
HARMLESS = 1024**3
MOST_MEMBERS = 10_000
LONGEST_NAME = 280


class Damaged(Exception):
    """An archive, or something in it, is not as it should be: the text says what."""


class WrongPassword(Damaged):
    """The archive is encrypted with another password."""

    def __init__(self) -> None:
        super().__init__(
            "the password that the platform gave the service does not open it. The archive is kept "
            "as it came: use the password that the service may have sent you, or ask its operators"
        )


@dataclass(frozen=True)
class Member:
    """A file of an archive, whole and verified, at `path`, which is the caller's to move away."""

    name: str
    path: Path
    size: int
    sha256: str


def is_archive(name: str) -> bool:
    """Whether a result of this name is an archive that is opened here."""
    return name.lower().endswith(ARCHIVE)


def members(archive: Path, *, password: str, draft: Path) -> Iterator[Member]:
    """Unpack an archive, one member at a time; each is at a path that begins as `draft`.

    Raises `Damaged` where it cannot be unpacked as a whole (members that were yielded before are
    good), and `Refused` where the disk has no room.
    """
    if not zipfile.is_zipfile(archive):
        raise Damaged("it is no ZIP archive, or its end is missing")
    given: set[str] = set()
    written, most = 0, max(HARMLESS, MOST_GROWTH * archive.stat().st_size)
    found = _entries(archive, password)
    number = 0
    while (entry := _next(found)) is not None:
        raw, size, chunks = entry
        number += 1
        if number > MOST_MEMBERS or (size or 0) + written > most:
            raise Damaged("it unpacks to far more than a result could be")
        if raw.endswith((b"/", b"\\")):
            _leave_folder(chunks)
            continue
        store.require_room(size or 0)
        path = draft.with_name(f"{draft.name}.{secrets.token_hex(4)}")
        name = _unique(safe_name(raw, number), given)
        try:
            size, sha256 = _write(chunks, path, most=most - written)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        written += size
        yield Member(name, path, size, sha256)
    if not given:
        raise Damaged("there is nothing in it")


def safe_name(raw: bytes, number: int) -> str:
    """A member's name as a relative path that leads nowhere else, whatever the archive says."""
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        text = raw.decode("cp437")
    text = "".join(letter if letter.isprintable() else "_" for letter in text)
    parts = re.split(r"[/\\]", re.sub(r"^[A-Za-z]:", "", text))
    kept = [part.strip() for part in parts if part.strip() not in ("", ".", "..")]
    return "/".join(kept)[-LONGEST_NAME:].lstrip("/") or f"file {number}"


def md5_of(path: Path) -> str:
    """The MD5 checksum by which some services describe their archives, in hexadecimal."""
    digest = hashlib.md5(usedforsecurity=False)
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()


def stated_sums(text: str) -> dict[str, str]:
    """The checksums in the output of `md5sum`, by file name: lines of a sum and a name."""
    found = re.findall(r"^\\?([0-9a-fA-F]{32}) [ *](\S.*?)\s*$", text, re.MULTILINE)
    return {PurePosixPath(name).name: md5.lower() for md5, name in found}


_Entry = tuple[bytes, int | None, Iterable[bytes]]


def _entries(archive: Path, password: str) -> Iterator[_Entry]:
    def blocks() -> Iterator[bytes]:
        with archive.open("rb") as file:
            while block := file.read(BLOCK):
                yield block

    yield from stream_unzip(blocks(), password=password.encode() or None, chunk_size=BLOCK)


def _next(entries: Iterator[_Entry]) -> _Entry | None:
    try:
        return next(entries, None)
    except (UnzipError, StructError, LookupError, ValueError) as error:
        raise _explained(error) from error


def _write(chunks: Iterable[bytes], path: Path, *, most: int) -> tuple[int, str]:
    """Write a member and return its size and SHA-256."""
    digest, written, looked_at = hashlib.sha256(), 0, 0
    path.touch(mode=0o600)
    with path.open("wb") as file:
        try:
            for chunk in chunks:
                written += len(chunk)
                if written > most:
                    raise Damaged("it unpacks to far more than a result could be")
                if written - looked_at > ROOM_LOOKED_AT_EVERY:
                    store.require_room(0)
                    looked_at = written
                digest.update(chunk)
                file.write(chunk)
        except (UnzipError, StructError, LookupError, ValueError) as error:
            raise _explained(error) from error
    return written, digest.hexdigest()


def _leave_folder(chunks: Iterable[bytes]) -> None:
    """Read past a folder, which has no content but for an encryption's own."""
    try:
        if any(chunks):
            raise Damaged("a folder in it has content")
    except (UnzipError, StructError, LookupError, ValueError) as error:
        raise _explained(error) from error


def _explained(error: Exception) -> Damaged:
    """What an error of the library means."""
    if isinstance(error, (PasswordError, MissingPasswordError)):
        return WrongPassword()
    if isinstance(error, TruncatedDataError):
        return Damaged("its end is missing")
    if isinstance(error, IntegrityError):
        return Damaged("a checksum in it is wrong")
    if isinstance(error, UncompressError):
        return Damaged("it breaks off in the middle of its compression")
    if isinstance(error, UnsupportedFeatureError):
        return Damaged("it is packed in a way that this platform cannot read")
    return Damaged("it is no ZIP archive, or its end is missing")


def _unique(name: str, given: set[str]) -> str:
    """A name that no earlier member has: archives may hold the same one twice."""
    folder, _, last = name.rpartition("/")
    stem, dot, suffixes = last.partition(".")
    number, unique = 1, name
    while unique in given:
        number += 1
        other = f"{stem} ({number}){dot}{suffixes}"
        unique = f"{folder}/{other}" if folder else other
    given.add(unique)
    return unique

"""What a Cloudgene job left: its files, which are handed out by hash to anybody who knows it.

Each file has its own count of downloads, and each request takes one of them, whatever comes of it
(`DownloadService.java`). Where the results are kept in an object store, the answer is a redirect.
"""

import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote

from app.connectors.answers import plain_text
from app.connectors.base import Download, RemoteFile, RunLog
from app.connectors.cloudgene_http import CloudgeneHttp
from app.connectors.cloudgene_parse import list_of, mapping_of, text_of
from app.connectors.cloudgene_stages import transcript_of
from app.connectors.errors import ConnectorError, InvalidAnswer, Rejected
from app.connectors.transfer import open_url

MOST_FILES = 2000
LONGEST_LOG = 1024**2
UNLIMITED = -1
# What begins such a file: PKZIP APPNOTE 4.3.7 (an empty archive: 4.3.16), RFC 1952 2.3.1.
MAGIC = {".zip": (b"PK\x03\x04", b"PK\x05\x06"), ".gz": (b"\x1f\x8b",), ".bgz": (b"\x1f\x8b",)}
LONGEST_ERROR = 4096

_HASH = re.compile(r"[A-Za-z0-9_-]{1,200}")


def remote_files(http: CloudgeneHttp, job: Mapping[str, Any]) -> list[RemoteFile]:
    """The files of a job's outputs.

    Their size is not taken over: the server tells it rounded ("314 MB").
    """
    found: dict[str, RemoteFile] = {}
    for output in list_of(job.get("outputParams")):
        group = text_of(mapping_of(output).get("name"))
        for told in list_of(mapping_of(output).get("files")):
            file = _remote_file(http, mapping_of(told))
            if file is None or len(found) >= MOST_FILES:
                continue
            if file.name in found:
                file = replace(file, name=f"{_safe(group) or 'more'}/{file.name}")
            found.setdefault(file.name, file)
    return list(found.values())


def _remote_file(http: CloudgeneHttp, told: Mapping[str, Any]) -> RemoteFile | None:
    name, file_hash, count = _safe(told.get("name")), told.get("hash"), told.get("count")
    if not name:
        return None
    is_counted = isinstance(count, int) and not isinstance(count, bool) and count > UNLIMITED
    has_hash = isinstance(file_hash, str) and _HASH.fullmatch(file_hash) is not None
    return RemoteFile(
        name=name,
        location=http.url("share", "results", str(file_hash)) + f"/{quote(str(told['name']))}"
        if has_hash
        else "",
        can_download=has_hash,
        downloads_left=count if is_counted else None,
    )


def _safe(name: Any) -> str:
    """A name as a relative path that leads nowhere else."""
    parts = PurePosixPath(plain_text(text_of(name)).replace("\\", "/").replace("\n", " ")).parts
    return "/".join(part for part in parts if part not in ("/", "..", "."))[:300]


async def read_logs(http: CloudgeneHttp, remote_id: str, job: Mapping[str, Any]) -> list[RunLog]:
    """The messages of all steps, and the job's log where the server shows it (`/logs/{id}`)."""
    told = transcript_of(job.get("steps"))
    logs = [RunLog("messages", told[:LONGEST_LOG], len(told) > LONGEST_LOG)] if told else []
    try:
        request = await http.request("GET", http.url("logs", remote_id))
        answer = await http.ask(request, limit=LONGEST_LOG)
    except ConnectorError:
        # Its operators may keep it to themselves.
        return logs
    if answer.text.strip() and not answer.is_html:
        logs.append(RunLog("job log", answer.text, answer.is_cut))
    return logs


@asynccontextmanager
async def open_result(
    http: CloudgeneHttp, file: RemoteFile, *, offset: int
) -> AsyncIterator[Download]:
    """Read a file without the credential.

    Raises `Rejected` once it was handed out as often as the server does, and `InvalidAnswer` where
    an error comes in the place of an archive.
    """
    request = await http.request("GET", file.location, with_token=False)
    try:
        async with open_url(http.client, request, file, offset=offset) as download:
            yield await _checked(download, file.name)
    except Rejected as error:
        if "max downloads" not in str(error).lower():
            raise
        raise Rejected(
            f"The service has handed out “{file.name}” as often as it does, and does so no more. "
            "Its operators can reset the counter."
        ) from error


async def _checked(download: Download, name: str) -> Download:
    """The download, after a look at how it begins: as files of its kind do, or as an error."""
    magic = MAGIC.get(PurePosixPath(name.lower()).suffix, ())
    if download.offset or download.size == 0:
        return download
    beginning = b""
    longest = max(map(len, magic), default=1)
    async for chunk in download.chunks:
        beginning += chunk
        if len(beginning) >= longest:
            break
    error = _error(beginning)
    if error or (magic and not beginning.startswith(magic)):
        said = " ".join(plain_text(text_of(error.get("message"))).split())[:300].rstrip(".")
        told = f"The service sent something else in the place of “{name}”"
        raise InvalidAnswer(f"{told}: {said}." if said else f"{told}.")

    async def chunks() -> AsyncIterator[bytes]:
        yield beginning
        async for chunk in download.chunks:
            yield chunk

    return replace(download, chunks=chunks())


def _error(body: bytes) -> Mapping[str, Any]:
    """A Cloudgene's own error that came in the place of a file; empty if it is none."""
    try:
        found = mapping_of(json.loads(body)) if len(body) <= LONGEST_ERROR else {}
    except (ValueError, RecursionError):
        return {}
    return found if found.get("success") is False else {}

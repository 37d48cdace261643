"""A form with files (`multipart/form-data`) whose files are read from disk while they are sent."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import PurePosixPath
from typing import IO, Any

import httpx

from app.connectors.errors import Rejected
from app.connectors.run_request import Attachment


@contextmanager
def multipart(
    client: httpx.AsyncClient,
    url: httpx.URL | str,
    fields: Mapping[str, str],
    files: Sequence[tuple[str, Attachment]],
) -> Iterator[httpx.Request]:
    """The POST to send; its files, each with the name of its field, are open within the context.

    Raises `Rejected` if a file cannot be read or has a name that no part may have.
    """
    with ExitStack() as stack:
        parts: list[tuple[str, Any]] = [(name, (None, value)) for name, value in fields.items()]
        for field, attachment in files:
            file = stack.enter_context(_opened(attachment))
            parts.append((field, (_part_name(attachment), file, "application/octet-stream")))
        built = client.build_request("POST", url, files=parts)
        assert isinstance(built.stream, httpx.SyncByteStream)
        yield httpx.Request(
            "POST",
            built.url,
            headers=built.headers,
            stream=_ReadInThread(built.stream),
            extensions=built.extensions,
        )


def _part_name(attachment: Attachment) -> str:
    """The part's file name: sub-directories are allowed, `..` and absolute paths are not."""
    path = PurePosixPath(attachment.name)
    if path.is_absolute() or ".." in path.parts or not path.name:
        raise Rejected(f"“{attachment.name}” is no name that an attachment may have.")
    return str(path)


def _opened(attachment: Attachment) -> IO[bytes]:
    try:
        return attachment.path.open("rb")
    except OSError as error:
        raise Rejected(f"The file {attachment.name} cannot be read: {error.strerror}.") from error


class _ReadInThread(httpx.AsyncByteStream):
    """A body whose pieces come from disk, so that the event loop does not wait for the disk."""

    def __init__(self, stream: httpx.SyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        pieces = iter(self._stream)
        try:
            while (piece := await asyncio.to_thread(next, pieces, None)) is not None:
                yield piece
        except OSError as error:
            raise Rejected(
                f"A file could not be read while it was sent: {error.strerror}."
            ) from error

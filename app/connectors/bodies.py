"""Reading the body of an answer within limits, whatever the service sends.

A body is unpacked in small pieces, and its size counts after that. In a run log the beginnings of
long texts (a program's whole stderr) are left out while it is read, so that logs of any length can
be collected in little memory.
"""

import re
import zlib
from collections.abc import AsyncIterator

import httpx

from app.connectors.errors import InvalidAnswer

PIECE = 64 * 1024
# Of a text in a run log so many bytes are kept, its end, and of a whole run log so many read.
LONGEST_TEXT = 512 * 1024
MOST_SHORTENED = 64 * 1024**2
LEFT_OUT = "(The beginning is left out.)"

_WITHIN_TEXT = re.compile(rb'[^"\\]*+(?:\\.[^"\\]*+)*+', re.DOTALL)


class ShortenedTexts:
    """JSON on its way in, without the beginnings of its long texts."""

    def __init__(self) -> None:
        self._text: bytearray | None = None
        self._is_short = False
        self._rest = b""

    def feed(self, piece: bytes) -> bytes:
        """Take the next piece and return what may be kept of the JSON so far.

        An unfinished text is held back until it ends.
        """
        data, kept, at = self._rest + piece, bytearray(), 0
        self._rest = b""
        while at < len(data):
            if self._text is None:
                start = data.find(b'"', at) + 1 or len(data)
                kept += data[at:start]
                if data[start - 1 : start] == b'"':
                    self._text = bytearray()
                at = start
                continue
            part = _WITHIN_TEXT.match(data, at)
            end = part.end() if part else at
            self._add(data[at:end])
            if data[end : end + 1] == b'"':
                mark = LEFT_OUT.encode() + b"\\n" if self._is_short else b""
                kept += mark + self._text + b'"'
                self._text, self._is_short = None, False
                end += 1
            elif end < len(data):
                self._rest = data[end:]
                break
            at = end
        return bytes(kept)

    def _add(self, part: bytes) -> None:
        assert self._text is not None
        self._text += part
        cut = len(self._text) - LONGEST_TEXT
        if cut < PIECE:
            return
        before = bytes(self._text[:cut])
        # Never in the middle of an escape or of a character.
        cut += (len(before) - len(before.rstrip(b"\\"))) % 2
        while cut < len(self._text) and self._text[cut] & 0xC0 == 0x80:
            cut += 1
        del self._text[:cut]
        self._is_short = True


async def read_shortened(response: httpx.Response, limit: int) -> tuple[bytes, bool]:
    """The JSON of an answer with long texts shortened, up to `limit` bytes; whether it was cut."""
    body, total, texts = bytearray(), 0, ShortenedTexts()
    async for piece in decoded(response):
        total += len(piece)
        body += texts.feed(piece)
        if len(body) > limit or total > MOST_SHORTENED:
            return bytes(body[:limit]), True
    return bytes(body), False


async def read_body(response: httpx.Response, limit: int, *, keep_tail: bool) -> tuple[bytes, bool]:
    """The beginning of an answer's body, or its end with `keep_tail`; whether it was longer.

    For its end up to 64 times the limit are read.
    """
    body, total = bytearray(), 0
    async for piece in decoded(response):
        body += piece
        total += len(piece)
        if len(body) > limit:
            if not keep_tail:
                return bytes(body[:limit]), True
            del body[: len(body) - limit]
            if total > 64 * limit:
                break
    return bytes(body), total > limit


async def decoded(response: httpx.Response) -> AsyncIterator[bytes]:
    """The body in small pieces; httpx would unpack each network chunk at once, a thousandfold."""
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if encoding in ("", "identity"):
        async for piece in response.aiter_bytes():
            yield piece
        return
    if encoding not in ("gzip", "x-gzip", "deflate"):
        raise InvalidAnswer(f"{response.url.host} packs its answer in a way we did not ask for.")
    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 32)
    async for packed in response.aiter_raw():
        while packed:
            yield unpacker.decompress(packed, PIECE)
            packed = unpacker.unconsumed_tail  # noqa: PLW2901
    yield unpacker.flush()

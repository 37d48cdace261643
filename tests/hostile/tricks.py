"""Behaviours that several phases share."""

import gzip
import time
import zlib
from collections.abc import Callable
from email.utils import formatdate
from typing import Any

from tests.support.hostile import Peer, Trick

MIB = 1024**2
HTML = b"<!DOCTYPE html><html><body>Sign in to the guest network</body></html>"


def says(
    body: Any, status: int | str = 200, *, kind: str = "application/json", headers: str = ""
) -> Trick:
    """Answer with this, whatever was asked."""
    return lambda peer: peer.reply(body, status, kind, headers)


def page(status: int) -> Trick:
    """A proxy's or captive portal's web page."""
    return says(HTML, status, kind="text/html")


def sends(data: bytes) -> Trick:
    """Send bytes as they are."""
    return lambda peer: peer.send(data)


def moved(location: str, status: int = 302) -> Trick:
    """Redirect."""
    return says(b"", status, headers=f"Location: {location}\r\n")


def packed(encoding: str, data: bytes) -> Trick:
    """A body that says to be packed."""
    return says(data, headers=f"Content-Encoding: {encoding}\r\n")


def about_the_run(**changes: Any) -> Trick:
    """The run log as it should be, but for some fields; None leaves one out."""

    def answer(peer: Peer) -> None:
        body = peer.wes.run_log(peer.run()) | changes
        peer.reply({name: value for name, value in body.items() if value is not None})

    return answer


def in_turn(*tricks: Trick) -> Trick:
    """One trick after the other, the last one for ever."""
    left = list(tricks)

    def answer(peer: Peer) -> None:
        trick = left.pop(0) if len(left) > 1 else left[0]
        trick(peer)

    return answer


def taken_then(trick: Trick) -> Trick:
    """Take the run first, and misbehave then."""

    def answer(peer: Peer) -> None:
        peer.wes.take(peer.request)
        trick(peer)

    return answer


def endless(peer: Peer) -> None:
    peer.head()
    peer.send(b'{"a": "')
    peer.flood(b"x" * 65536, 200_000)


def ten_gigabytes(peer: Peer) -> None:
    peer.head(f"Content-Length: {10 * 1024**3}")
    peer.send(b'{"runs": [')
    peer.flood(b'{"run_id": "x", "state": "RUNNING"},' * 2000, 200_000)


def slower_than_the_limit(peer: Peer) -> None:
    peer.head("Content-Length: 1000000")
    peer.drip(b"{" + b" " * 999)


def slow_head(peer: Peer) -> None:
    peer.drip(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 1000)


def endless_head(peer: Peer) -> None:
    peer.send(b"HTTP/1.1 200 OK\r\n")
    for number in range(100_000):
        peer.send(b"X-%d: y\r\n" % number)


def head_of_100_mb(peer: Peer) -> None:
    peer.send(b"HTTP/1.1 200 OK\r\nX: ")
    peer.flood(b"y" * MIB, 100)


def many_headers(peer: Peer) -> None:
    peer.reply({"state": 1}, headers="".join(f"X-{n}: {n}\r\n" for n in range(50_000)))


def cookies(peer: Peer) -> None:
    lines = "".join(f"Set-Cookie: c{n}={'x' * 100}; Path=/\r\n" for n in range(300))
    peer.reply({"state": 1}, headers=lines)


def early_hints(peer: Peer) -> None:
    peer.flood(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 100, 20_000)


def too_short(peer: Peer) -> None:
    peer.send(b'HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n{"state": "COMPLETE"}')


def too_long(peer: Peer) -> None:
    peer.send(b'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{"state": "COMPLETE", "x": 1}')


def broken_chunks(peer: Peer) -> None:
    peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n")


def chunk_without_end(peer: Peer) -> None:
    peer.send(b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\n{"a": "')
    peer.flood(b"x" * 65536, 200_000)


def http_0_9(peer: Peer) -> None:
    peer.send(b"<html>hello from 1991</html>\n")


def garbage(peer: Peer) -> None:
    peer.send(bytes(range(256)) * 40)


def two_lengths(peer: Peer) -> None:
    peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 20\r\n\r\n{}")


def reset_in_the_body(peer: Peer) -> None:
    peer.head("Content-Length: 5000")
    peer.send(b'{"state": "COM')
    time.sleep(0.05)
    peer.reset()


def gzip_bomb(layers: int) -> bytes:
    """200 MiB of text, packed so many times."""
    packer = zlib.compressobj(1, wbits=31)
    data = packer.compress(b'{"a": "')
    for _ in range(200):
        data += packer.compress(b"x" * MIB)
    data += packer.compress(b'"}') + packer.flush()
    for _ in range(layers - 1):
        data = gzip.compress(data, 1)
    return data


HEADS: dict[str, Trick] = {
    "slow headers": slow_head,
    "headers that never end": endless_head,
    "100 MB of headers": head_of_100_mb,
    "50,000 headers": many_headers,
    "a flood of cookies": cookies,
    "a flood of 103 answers": early_hints,
    "a length that is too long": too_short,
    "a length that is too short": too_long,
    "two lengths": two_lengths,
    "broken chunks": broken_chunks,
    "a chunk that never ends": chunk_without_end,
    "HTTP/0.9": http_0_9,
    "bytes that are no HTTP": garbage,
    "no answer at all": Peer.hang,
    "RST": Peer.reset,
    "RST in the body": reset_in_the_body,
}
BOMB = gzip_bomb(1)

BUSY: dict[str, str] = {
    "without Retry-After": "",
    "Retry-After in seconds": "Retry-After: 7\r\n",
    "Retry-After as a date": f"Retry-After: {formatdate(time.time() + 3600, usegmt=True)}\r\n",
    "Retry-After of the past": "Retry-After: Sat, 01 Jan 2000 00:00:00 GMT\r\n",
    "a negative Retry-After": "Retry-After: -5\r\n",
    "a Retry-After of garbage": "Retry-After: as soon as you like\r\n",
    "a Retry-After of a year": f"Retry-After: {365 * 86400}\r\n",
    "a Retry-After of 400 digits": f"Retry-After: {'9' * 400}\r\n",
}

Made = Callable[[], Trick]

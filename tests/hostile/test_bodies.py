"""Answers whose body is no JSON that a WES sends, in every phase that reads JSON."""

import gzip
import zlib
from collections.abc import Callable

import pytest

from tests.hostile.conftest import Survives
from tests.support.hostile import Peer, Trick

BLOCK = b" " * 65536

HTML = b"<!DOCTYPE html><html><body>Sign in to the guest network</body></html>"


def says(body: object, *, kind: str = "application/json", headers: str = "") -> Trick:
    return lambda peer: peer.reply(body, kind=kind, headers=headers)


def packed(encoding: str, data: bytes) -> Trick:
    return says(data, headers=f"Content-Encoding: {encoding}\r\n")


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


def bomb(layers: int) -> bytes:
    data = b'{"a": "' + b"x" * 200 * 1024**2 + b'"}'
    for _ in range(layers):
        data = gzip.compress(data, 1)
    return data


DEEP = b'{"a":' * 50_000 + b"1" + b"}" * 50_000
NESTED = b'{"runs":' * 900 + b"1" + b"}" * 900

BODIES: dict[str, Callable[[], Trick]] = {
    "a body that never ends": lambda: endless,
    "10 GB of JSON": lambda: ten_gigabytes,
    "a body slower than the limit": lambda: slower_than_the_limit,
    "JSON nested 50,000 deep": lambda: says(DEEP),
    "JSON nested 900 deep": lambda: says(NESTED),
    "2 MB of empty lists": lambda: says(b'{"runs":[' + b"[]," * 700_000 + b"[]]}"),
    "2 MB of one-letter objects": lambda: says(b'{"runs":[' + b'{"":0},' * 300_000 + b"{}]}"),
    "a long text of wide characters": lambda: says(
        b'{"state":"' + b"a" * 1_900_000 + "😀".encode() + b'"}'
    ),
    "a gzip bomb": lambda: packed("gzip", bomb(1)),
    "a nested gzip bomb": lambda: packed("gzip", bomb(2)),
    "a deflate bomb": lambda: packed("deflate", zlib.compress(b"[" * 100 * 1024**2)),
    "brotli that was not asked for": lambda: packed("br", b"\x0b\x02\x80{}\x03"),
    "broken gzip": lambda: packed("gzip", b"\x1f\x8b\x08\x00broken"),
    "HTML with status 200": lambda: says(HTML, kind="text/html"),
    "HTML that says it is JSON": lambda: says(HTML),
    "an empty 200": lambda: says(b""),
    "204 No Content": lambda: lambda peer: peer.reply(b"", 204),
    "JSON null": lambda: says(b"null"),
    "a list at the top": lambda: says(b"[1, 2]"),
    "a number at the top": lambda: says(b"17"),
    "a text at the top": lambda: says(b'"RUNNING"'),
    "NaN": lambda: says(b'{"run_id": NaN, "state": NaN, "runs": NaN}'),
    "bytes that are no UTF-8": lambda: says(b'{"state": "\xff\xfe\x80"}'),
    "a number of a million digits": lambda: says(b'{"state": ' + b"9" * 1_000_000 + b"}"),
}

QUICK = ("HTML with status 200", "an empty 200", "JSON null", "a list at the top", "NaN")


@pytest.mark.parametrize("body", BODIES)
def test_status_is(body: str, survives: Survives) -> None:
    survives("status", BODIES[body]())


@pytest.mark.parametrize("body", [*QUICK, "10 GB of JSON", "JSON nested 900 deep"])
def test_service_info_is(body: str, survives: Survives) -> None:
    survives("service-info", BODIES[body]())


@pytest.mark.parametrize(
    "body", [*QUICK, "10 GB of JSON", "a nested gzip bomb", "2 MB of one-letter objects"]
)
def test_run_log_is(body: str, survives: Survives) -> None:
    survives("run log", BODIES[body]())


@pytest.mark.parametrize("body", ["a body slower than the limit", "an empty 200", "JSON null"])
def test_submission_is_answered_by(body: str, survives: Survives) -> None:
    survives("submit", BODIES[body]())

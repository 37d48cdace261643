"""Answers whose body is no JSON that a WES sends."""

import zlib

import pytest

from tests.hostile.conftest import Survives
from tests.hostile.tricks import (
    BOMB,
    HTML,
    MIB,
    Made,
    endless,
    gzip_bomb,
    packed,
    says,
    slower_than_the_limit,
    ten_gigabytes,
)

# Made when they are needed: some are large.
BODIES: dict[str, Made] = {
    "a body that never ends": lambda: endless,
    "10 GB of JSON": lambda: ten_gigabytes,
    "a body slower than the limit": lambda: slower_than_the_limit,
    "JSON nested 50,000 deep": lambda: says(b'{"a":' * 50_000 + b"1" + b"}" * 50_000),
    "JSON nested 900 deep": lambda: says(b'{"runs":' * 900 + b"1" + b"}" * 900),
    "2 MB of empty lists": lambda: says(b'{"runs":[' + b"[]," * 690_000 + b"[]]}"),
    "2 MB of small objects": lambda: says(b'{"runs":[' + b'{"":0},' * 299_000 + b"{}]}"),
    "2 MB of wide text": lambda: says(b'{"a":"' + b"a" * 1_900_000 + "😀".encode() + b'"}'),
    "a gzip bomb": lambda: packed("gzip", BOMB),
    "a nested gzip bomb": lambda: packed("gzip", gzip_bomb(2)),
    "a deflate bomb": lambda: packed("deflate", zlib.compress(b"[" * 50 * MIB)),
    "brotli that was not asked for": lambda: packed("br", b"\x0b\x02\x80{}\x03"),
    "broken gzip": lambda: packed("gzip", b"\x1f\x8b\x08\x00broken"),
    "HTML with status 200": lambda: says(HTML, kind="text/html"),
    "HTML that says it is JSON": lambda: says(HTML),
    "an empty 200": lambda: says(b""),
    "204 No Content": lambda: says(b"", 204),
    "JSON null": lambda: says(b"null"),
    "a list at the top": lambda: says(b"[1, 2]"),
    "a number at the top": lambda: says(b"17"),
    "a text at the top": lambda: says(b'"RUNNING"'),
    "NaN": lambda: says(b'{"run_id": NaN, "state": NaN, "runs": NaN}'),
    "bytes that are no UTF-8": lambda: says(b'{"state": "\xff\xfe\x80"}'),
    "a number of a million digits": lambda: says(b'{"state": ' + b"9" * 1_000_000 + b"}"),
}


@pytest.mark.parametrize("body", BODIES)
def test_the_state_of_a_run_is(body: str, survives: Survives) -> None:
    survives("status", BODIES[body]())


@pytest.mark.parametrize(
    "body", ["HTML with status 200", "JSON null", "10 GB of JSON", "JSON nested 900 deep"]
)
def test_the_service_info_is(body: str, survives: Survives) -> None:
    survives("service-info", BODIES[body]())


@pytest.mark.parametrize(
    "body", ["HTML with status 200", "a list at the top", "10 GB of JSON", "2 MB of small objects"]
)
def test_a_run_log_is(body: str, survives: Survives) -> None:
    survives("run log", BODIES[body]())


@pytest.mark.parametrize("body", ["10 GB of JSON", "2 MB of small objects", "2 MB of wide text"])
def test_the_list_is(body: str, survives: Survives) -> None:
    # Each run is asked about by itself then.
    survives("list", BODIES[body](), is_lost=False)

"""Requests to services end, stay small, go only where they may, and fail in words."""

import asyncio
import gzip
import tomllib
import tracemalloc
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.connectors import client as client_module
from app.connectors.addresses import ip_address, resolve, why_forbidden
from app.connectors.answers import error_of, json_of
from app.connectors.client import JSON_LIMIT, fetch, open_client
from app.connectors.errors import (
    Busy,
    ConnectorError,
    InvalidAnswer,
    NotAuthorised,
    Rejected,
    ServiceFault,
    Unreachable,
    Unsupported,
)
from tests.connectors.conftest import Certificate
from tests.connectors.loopback import Request, reply, serving

pytestmark = pytest.mark.anyio


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with open_client(request_timeout=0.5) as opened:
        yield opened


def get(url: str, **headers: str) -> httpx.Request:
    return httpx.Request("GET", url, headers=headers)


async def read_json(
    client: httpx.AsyncClient, request: httpx.Request, *, limit: int = JSON_LIMIT, secret: str = ""
) -> Any:
    """The JSON of a successful answer, as connectors read it."""
    answer = await fetch(client, request, limit=limit)
    if error := error_of(answer, secret=secret):
        raise error
    return json_of(answer)


async def ends(coroutine: object) -> ConnectorError:
    """The error that a request ends with; a request that never ends fails the test."""
    with pytest.raises(ConnectorError) as caught:
        async with asyncio.timeout(20):
            await coroutine  # type: ignore[misc]
    return caught.value


async def test_a_server_that_accepts_and_never_answers_ends_as_unreachable(
    client: httpx.AsyncClient,
) -> None:
    async def silent(request: Request, writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    async with serving(silent) as server:
        error = await ends(read_json(client, get(server.url)))
    assert isinstance(error, Unreachable)
    assert error.can_retry
    assert error.may_have_arrived


@pytest.mark.parametrize(
    "beginning", [b"HTTP/1.1 200 OK\r\nx-slow: ", reply(b"x" * 10**6)[:-999_999]]
)
async def test_a_server_that_dribbles_its_headers_or_body_ends_too(
    client: httpx.AsyncClient, beginning: bytes
) -> None:
    async def dribble(request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(beginning)
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.02)

    async with serving(dribble) as server:
        assert isinstance(await ends(read_json(client, get(server.url))), Unreachable)


async def test_a_connection_that_breaks_in_the_middle_may_have_arrived(
    client: httpx.AsyncClient,
) -> None:
    async def half(request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(reply({"run_id": "1"})[:-4])
        writer.close()

    async with serving(half) as server:
        error = await ends(read_json(client, get(server.url)))
    assert isinstance(error, Unreachable)
    assert error.may_have_arrived


async def test_a_closed_port_surely_took_nothing(client: httpx.AsyncClient) -> None:
    async with serving(lambda _: reply()) as server:
        pass
    error = await ends(read_json(client, get(server.url)))
    assert isinstance(error, Unreachable)
    assert not error.may_have_arrived
    assert "nothing listens" in str(error)


async def test_a_name_that_does_not_resolve_is_told_as_such(client: httpx.AsyncClient) -> None:
    error = await ends(read_json(client, get("http://no-such-host.invalid/")))
    assert isinstance(error, Unreachable)
    assert "no-such-host.invalid does not resolve" in str(error)


async def test_a_body_larger_than_the_limit_is_cut_and_is_no_answer(
    client: httpx.AsyncClient,
) -> None:
    async with serving(lambda _: reply(["x" * 100] * 1000)) as server:
        error = await ends(read_json(client, get(server.url), limit=1000))
        answer = await fetch(client, get(server.url), limit=1000)
    assert isinstance(error, InvalidAnswer)
    assert answer.is_cut
    assert len(answer.body) == 1000


async def test_the_end_of_a_long_log_can_be_kept_instead(client: httpx.AsyncClient) -> None:
    async with serving(lambda _: reply("start " + "x" * 5000 + " the cause")) as server:
        answer = await fetch(client, get(server.url), limit=1000, keep_tail=True)
    assert answer.body.endswith(b" the cause")
    assert len(answer.body) == 1000
    assert answer.is_cut


async def test_a_small_gzip_that_unpacks_to_much_is_cut_at_the_limit(
    client: httpx.AsyncClient,
) -> None:
    bomb = gzip.compress(b"[" + b" " * 50 * 1024**2 + b"]")
    async with serving(lambda _: reply(bomb, content_encoding="gzip")) as server:
        tracemalloc.start()
        answer = await fetch(client, get(server.url), limit=10_000)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert len(bomb) < 100_000
    assert peak < 5 * 1024**2  # it was never unpacked whole
    assert answer.is_cut
    assert len(answer.body) == 10_000


async def test_a_gzip_answer_is_unpacked(client: httpx.AsyncClient) -> None:
    packed = gzip.compress(b'{"runs": []}')
    async with serving(lambda _: reply(packed, content_encoding="gzip")) as server:
        assert await read_json(client, client.build_request("GET", server.url)) == {"runs": []}
        assert server.requests[0].headers["accept-encoding"] == "gzip"


@pytest.mark.parametrize(
    "body",
    [b"<!DOCTYPE html><title>Sign in</title>", b"", b"{", b"NaN", b"[" * 100_000, b"\xff\xfe"],
    ids=["html", "empty", "broken", "nan", "deep", "binary"],
)
async def test_what_is_not_json_is_no_answer_although_it_says_200(
    client: httpx.AsyncClient, body: bytes
) -> None:
    async with serving(lambda _: reply(body)) as server:
        assert isinstance(await ends(read_json(client, get(server.url))), InvalidAnswer)


async def test_json_cannot_smuggle_in_what_a_terminal_or_database_chokes_on(
    client: httpx.AsyncClient,
) -> None:
    body = rb'{"name": "\u001b[31mred\u0000 \ud800"}'
    async with serving(lambda _: reply(body)) as server:
        assert await read_json(client, get(server.url)) == {"name": "red ?"}


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, Rejected),
        (401, NotAuthorised),
        (403, NotAuthorised),
        (404, Rejected),
        (405, Unsupported),
        (409, Rejected),
        (415, Rejected),
        (422, Rejected),
        (429, Busy),
        (500, ServiceFault),
        (501, Unsupported),
        (502, ServiceFault),
        (503, Busy),
        (504, ServiceFault),
    ],
)
async def test_each_status_says_whether_trying_again_can_help(
    client: httpx.AsyncClient, status: int, kind: type[ConnectorError]
) -> None:
    async with serving(lambda _: reply({"msg": "because"}, status)) as server:
        error = await ends(read_json(client, get(server.url)))
    assert type(error) is kind
    assert "because" in str(error)
    assert str(status) in str(error)


@pytest.mark.parametrize(
    "body",
    [
        {"msg": "No such engine", "status_code": 400},
        {"type": "about:blank", "title": "Bad Request", "detail": "No such engine", "status": 400},
        {"timestamp": "2024-03-27T11:20:37Z", "error": "Bad", "msg": "No such engine"},
        {"error": {"message": "No such engine"}},
        "No such engine",
    ],
    ids=["wes", "problem+json", "spring", "nested", "text"],
)
async def test_the_service_s_own_words_are_found_in_every_shape_of_error(
    client: httpx.AsyncClient, body: object
) -> None:
    async with serving(lambda _: reply(body, 400)) as server:
        error = await ends(read_json(client, get(server.url)))
    assert "No such engine" in str(error)


async def test_a_web_page_as_an_error_is_not_quoted(client: httpx.AsyncClient) -> None:
    page = "<html><body>nginx says <b>Bad Gateway</b></body></html>"
    async with serving(lambda _: reply(page, 502)) as server:
        error = await ends(read_json(client, get(server.url)))
    assert isinstance(error, ServiceFault)
    assert "<" not in str(error)


@pytest.mark.parametrize(
    ("value", "expected"), [("7", 7.0), ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0), ("soon", None)]
)
async def test_a_busy_service_s_wish_to_wait_is_understood(
    client: httpx.AsyncClient, value: str, expected: float | None
) -> None:
    async with serving(lambda _: reply("", 429, retry_after=value)) as server:
        error = await ends(read_json(client, get(server.url)))
    assert isinstance(error, Busy)
    assert error.retry_after == expected


async def test_an_idle_connection_is_never_used_again(client: httpx.AsyncClient) -> None:
    async with serving(lambda _: reply({})) as server:
        for _ in range(3):
            await read_json(client, get(server.url))
        assert server.connections == 3


async def test_requests_name_the_platform_and_its_version(client: httpx.AsyncClient) -> None:
    pyproject = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())
    async with serving(lambda _: reply({})) as server:
        await read_json(client, client.build_request("GET", server.url))
        agent = server.requests[0].headers["user-agent"]
    assert agent == f"{pyproject['project']['name']}/{pyproject['project']['version']}"


async def test_cookies_of_one_service_are_not_kept(client: httpx.AsyncClient) -> None:
    async with serving(lambda _: reply({}, set_cookie="session=1; Path=/")) as server:
        for _ in range(2):
            await read_json(client, client.build_request("GET", server.url))
        assert "cookie" not in server.requests[1].headers


async def test_a_redirect_is_followed_without_the_token_when_it_leaves_the_host(
    client: httpx.AsyncClient,
) -> None:
    async with serving(lambda _: reply({"here": True})) as other:
        moved = other.url.replace("127.0.0.1", "localhost") + "/there"
        async with serving(lambda _: reply("", 302, location=moved)) as server:
            request = get(server.url, Authorization="Bearer s3cret")
            assert await read_json(client, request) == {"here": True}
        assert "authorization" not in other.requests[0].headers


async def test_a_redirect_from_https_to_http_is_refused(certificate: Certificate) -> None:
    async with serving(lambda _: reply({})) as other:
        moved = reply("", 302, location=other.url)
        async with (
            serving(lambda _: moved, tls=certificate()) as server,
            open_client(request_timeout=5) as client,
        ):
            assert isinstance(await ends(read_json(client, get(server.url))), InvalidAnswer)
        assert other.requests == []


async def test_a_redirect_from_the_public_internet_may_lead_to_public_addresses_only() -> None:
    seen: dict[str, bool] = {}

    def answer(request: httpx.Request) -> httpx.Response:
        seen[request.url.host] = bool(request.extensions.get(client_module.PUBLIC_ONLY))
        if request.url.host == "10.0.0.5":
            return httpx.Response(200, json={})
        return httpx.Response(302, headers={"location": "http://10.0.0.5/"})

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
        await read_json(client, get("http://8.8.8.8/"))
        assert seen == {"8.8.8.8": False, "10.0.0.5": True}
        await read_json(client, get("http://10.0.0.4/"))
        assert seen["10.0.0.5"] is False


async def test_a_redirect_that_never_ends_is_given_up(client: httpx.AsyncClient) -> None:
    async with serving(lambda _: reply("", 302, location="/again")) as server:
        assert isinstance(await ends(read_json(client, get(server.url))), InvalidAnswer)
        assert len(server.requests) == client_module.MAX_REDIRECTS + 1


@pytest.mark.parametrize(
    "target",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://[::ffff:169.254.169.254]/",
        "http://2852039166/",
        "http://[fe80::1]/",
        "http://100.100.100.200/",
        "file:///etc/passwd",
        "ftp://127.0.0.1/",
    ],
)
async def test_a_redirect_never_leads_to_metadata_link_local_or_another_scheme(
    client: httpx.AsyncClient, target: str
) -> None:
    async with serving(lambda _: reply("", 302, location=target)) as server:
        error = await ends(read_json(client, get(server.url)))
    assert isinstance(error, Unreachable | InvalidAnswer)


async def test_a_redirected_submission_is_refused_and_names_the_address_to_enter(
    client: httpx.AsyncClient,
) -> None:
    async with serving(lambda _: reply("", 301, location="https://wes.lab.org/v1/runs")) as server:
        error = await ends(read_json(client, httpx.Request("POST", server.url, content=b"x")))
    assert isinstance(error, InvalidAnswer)
    assert "https://wes.lab.org" in str(error)


@pytest.mark.parametrize(
    ("address", "is_forbidden"),
    [
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("192.168.0.1", False),
        ("::1", False),
        ("fd12::1", False),
        ("8.8.8.8", False),
        ("169.254.169.254", True),
        ("169.254.170.2", True),
        ("fe80::1", True),
        ("fd00:ec2::254", True),
        ("168.63.129.16", True),
        ("64:ff9b::a9fe:a9fe", True),
        ("2002:a9fe:a9fe::", True),
        ("0.0.0.0", True),
        ("224.0.0.1", True),
    ],
)
async def test_the_intranet_is_allowed_and_metadata_is_not(
    address: str, is_forbidden: bool
) -> None:
    assert bool(why_forbidden(ip_address(address))) is is_forbidden


async def test_a_service_outside_cannot_name_an_address_inside() -> None:
    with pytest.raises(Unreachable, match="never contacts"):
        await resolve("127.0.0.1", 80, public_only=True)
    async with open_client(request_timeout=5) as client, serving(lambda _: reply({})) as server:
        request = client.build_request(
            "GET", server.url, extensions={client_module.PUBLIC_ONLY: True}
        )
        assert isinstance(await ends(read_json(client, request)), Unreachable)
        assert server.connections == 0


async def test_an_error_names_the_host_and_neither_credentials_nor_query(
    client: httpx.AsyncClient,
) -> None:
    async with serving(lambda _: reply({"msg": "Bad token s3cret"}, 401)) as server:
        url = server.url.replace("//", "//me:pa55@") + "/files?signature=abc123"
        error = await ends(
            read_json(client, get(url, Authorization="Bearer s3cret"), secret="s3cret")
        )
    shown = f"{error} {error!r} {error.__cause__!r}"
    assert "127.0.0.1" in shown
    assert not [word for word in ("s3cret", "pa55", "abc123") if word in shown]


async def test_a_header_that_http_forbids_does_not_show_itself(client: httpx.AsyncClient) -> None:
    async with serving(lambda _: reply({})) as server:
        error = await ends(read_json(client, get(server.url, Authorization="Bearer s3cret\nX: y")))
    assert isinstance(error, Rejected)
    assert "s3cret" not in f"{error!r} {error.__cause__!r}"

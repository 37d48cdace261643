"""Testing a connection says at which stage it fails and what to do about it."""

import asyncio

import pytest

from app.connectors import CONNECTORS, stages
from app.connectors.base import Endpoint
from app.connectors.stages import Examination, Outcome, Stage, examine
from tests.connectors.conftest import Certificate
from tests.connectors.loopback import Request, Server, reply, serving
from tests.connectors.shapes import recorded

pytestmark = pytest.mark.anyio

NAMES = ["DNS", "TCP", "TLS", "HTTP", "Authorised", "Valid answer", "Panels"]


def sapporo(request: Request) -> bytes:
    """A service whose service-info is open and whose runs want a token."""
    if request.path == "/service-info":
        return reply(recorded("sapporo", "service_info"))
    if request.path == "/runs":
        if request.headers.get("authorization") != "Bearer s3cret":
            return reply({"msg": "Invalid token", "status_code": 401}, 401)
        return reply({"runs": [], "next_page_token": None})
    return reply({"msg": "Not Found", "status_code": 404}, 404, server="uvicorn")


async def examined(url: str, token: str = "") -> Examination:
    async with asyncio.timeout(60):
        return await examine(Endpoint(url, token), CONNECTORS["wes"])


def failure(examination: Examination, name: str) -> Stage:
    """The stage that failed, when those before it went well and none after it was tried."""
    assert [stage.name for stage in examination.stages] == NAMES
    at = NAMES.index(name)
    before, failed, after = (
        examination.stages[:at],
        examination.stages[at],
        examination.stages[at + 1 :],
    )
    assert all(stage.outcome in (Outcome.OK, Outcome.SKIPPED) for stage in before)
    assert failed.outcome is Outcome.FAILED
    assert failed.found
    assert failed.cure
    assert all(stage.outcome is Outcome.NOT_REACHED and stage.ms is None for stage in after)
    assert examination.facts is None
    return failed


async def test_a_service_that_is_well_passes_each_stage_and_says_what_it_is() -> None:
    async with serving(sapporo) as server:
        found = await examined(server.url, "s3cret")
    outcomes = {stage.name: stage.outcome for stage in found.stages}
    assert outcomes == dict.fromkeys(NAMES, Outcome.OK) | {
        "TLS": Outcome.SKIPPED,
        # A WES runs workflows, and its protocol knows of no panels.
        "Panels": Outcome.SKIPPED,
    }
    assert all(stage.ms is not None for stage in found.stages)
    assert "uvicorn" in found.stages[3].found
    assert "sapporo-service 2.4.0" in found.stages[5].found
    assert found.facts
    assert found.facts.name == "sapporo-service"


@pytest.mark.parametrize(
    "url", ["wes.example.org", "ftp://wes.example.org", "http://", "http://[::1", ""]
)
async def test_what_is_no_web_address_fails_at_once(url: str) -> None:
    assert "http://" in failure(await examined(url), "DNS").cure


async def test_a_name_that_does_not_resolve_fails_at_dns() -> None:
    failed = failure(await examined("http://no-such-host.invalid/ga4gh/wes/v1"), "DNS")
    assert "no-such-host.invalid does not resolve" in failed.found
    assert "spelling" in failed.cure


async def test_a_metadata_address_is_never_contacted() -> None:
    failed = failure(await examined("http://169.254.169.254/latest"), "DNS")
    assert "never contacts" in failed.found


async def test_a_closed_port_fails_at_tcp() -> None:
    async with serving(sapporo) as server:
        pass
    failed = failure(await examined(server.url), "TCP")
    assert "nothing listens" in failed.found
    assert "firewall" in failed.cure


async def test_a_server_that_accepts_and_never_answers_fails_at_http(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def silent(request: Request, writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(stages, "STAGE_SECONDS", 0.5)
    async with serving(silent) as server:
        failed = failure(await examined(server.url), "HTTP")
    assert "did not answer in time" in failed.found


async def test_a_port_that_speaks_no_http_fails_at_http() -> None:
    async with serving(lambda _: b"SSH-2.0-OpenSSH_9.2\r\n\r\n") as server:
        assert "does not speak HTTP" in failure(await examined(server.url), "HTTP").found


@pytest.mark.parametrize("token", ["", "old-token"])
async def test_a_token_that_is_missing_or_not_accepted_fails_at_authorised(token: str) -> None:
    async with serving(sapporo) as server:
        failed = failure(await examined(server.url, token), "Authorised")
    assert "Invalid token" in failed.found
    assert ("Enter a token" in failed.cure) is not token


async def test_a_website_fails_at_the_valid_answer() -> None:
    async with serving(lambda _: reply("<html>Welcome</html>", content_type="text/html")) as server:
        failed = failure(await examined(server.url), "Valid answer")
    assert "web page" in failed.found
    assert "base URL" in failed.cure


async def test_a_wrong_path_fails_at_the_valid_answer_and_tells_the_usual_one() -> None:
    async with serving(lambda _: reply({"detail": "Not Found"}, 404)) as server:
        failed = failure(await examined(f"{server.url}/api"), "Valid answer")
    assert "/ga4gh/wes/v1" in failed.found


async def test_no_stage_shows_the_token() -> None:
    def echo(request: Request) -> bytes:
        return reply({"msg": f"You sent {request.headers.get('authorization')}"}, 403)

    async with serving(echo) as server:
        assert "s3cret" not in repr(await examined(server.url, "s3cret"))


async def test_a_good_certificate_tells_how_long_it_is_valid(certificate: Certificate) -> None:
    async with serving(sapporo, tls=certificate(days=90)) as server:
        found = await examined(server.url, "s3cret")
    assert [stage.outcome for stage in found.stages] == [*[Outcome.OK] * 6, Outcome.SKIPPED]
    assert "valid for 90 more days" in found.stages[2].found
    assert "renewed" not in found.stages[2].found


async def test_a_certificate_that_ends_soon_passes_with_a_warning(certificate: Certificate) -> None:
    async with serving(sapporo, tls=certificate(days=5)) as server:
        tls = (await examined(server.url, "s3cret")).stages[2]
    assert tls.outcome is Outcome.OK
    assert "valid for 5 more days" in tls.found
    assert "renewed soon" in tls.found


async def refused_at_tls(server: Server) -> Stage:
    return failure(await examined(server.url, "s3cret"), "TLS")


async def test_a_certificate_of_an_unknown_issuer_is_refused_before_the_token_is_sent(
    certificate: Certificate,
) -> None:
    async with serving(sapporo, tls=certificate(trusted=False)) as server:
        failed = await refused_at_tls(server)
        assert server.requests == []
    assert "self-signed" in failed.found
    assert "SSL_CERT_FILE" in failed.cure


async def test_an_expired_certificate_is_told_apart(certificate: Certificate) -> None:
    async with serving(sapporo, tls=certificate(days=-1)) as server:
        failed = await refused_at_tls(server)
    assert "expired" in failed.found
    assert "renew" in failed.cure


async def test_a_certificate_for_another_name_is_told_apart(certificate: Certificate) -> None:
    async with serving(sapporo, tls=certificate(host="wes.example.org")) as server:
        failed = await refused_at_tls(server)
    assert "name" in failed.cure


async def test_https_on_a_port_without_tls_fails_at_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stages, "STAGE_SECONDS", 0.5)
    async with serving(sapporo) as server:
        failed = failure(await examined(server.url.replace("http://", "https://")), "TLS")
    assert "http://" in failed.cure

"""What is found of a service that fails in one of many ways: the right state, layer and words."""

import asyncio
import socket
import time
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from app.connectors.base import Endpoint
from app.connectors.probe_client import open_probe_client
from app.domain.conformance import Known
from app.domain.health import Finding, Health, Layer, LayerFinding, Verdict
from app.domain.probe_schedule import DueProbe
from models.base import now
from tests.hostile import tricks
from tests.support.certificates import Authority
from tests.support.hostile import HostileWes, Peer, Trick, hostile_wes
from workers import examination
from workers.examination import examine
from workers.lateness import Lateness

TIMEOUT = 1.0
# Longer than any examination here may take; a hang would otherwise stop the tests.
PATIENCE = 20.0


def due_probe(base_url: str, *layers: Layer, slow_ms: float = 5000.0) -> DueProbe:
    return DueProbe(
        service_id=1,
        service_ref="ref",
        api_type="wes",
        base_url=base_url,
        api_config={},
        verified=Known({}, {}),
        starts_in=0.0,
        layers_due=frozenset(layers),
        timeout_seconds=TIMEOUT,
        slow_ms=slow_ms,
        lease_until=now() + timedelta(minutes=1),
    )


def found_at(base_url: str, *layers: Layer, slow_ms: float = 5000.0) -> Finding:
    async def run() -> Finding:
        due = due_probe(base_url, *layers, slow_ms=slow_ms)
        async with open_probe_client(request_timeout=TIMEOUT) as client:
            async with asyncio.timeout(PATIENCE):
                return await examine(client, due, Endpoint(base_url))

    return asyncio.run(run())


@pytest.fixture
def wes() -> Iterator[HostileWes]:
    with hostile_wes() as server:
        yield server


def reset_mid_body(peer: Peer) -> None:
    peer.head("Content-Length: 5000")
    peer.send(b'{"workflow_type_versions": {')
    peer.reset()


def hang_after_headers(peer: Peer) -> None:
    peer.head("Content-Length: 500")
    peer.hang()


def ten_megabytes(peer: Peer) -> None:
    peer.head(f"Content-Length: {10 * tricks.MIB}")
    peer.flood(b" " * 65536, 160)


BAD_ANSWERS: list[tuple[Trick, Health, str]] = [
    (reset_mid_body, Health.DOWN, "broke off"),
    (hang_after_headers, Health.DOWN, "no complete answer within 1 s"),
    (Peer.hang, Health.DOWN, "no complete answer within 1 s"),
    (tricks.slower_than_the_limit, Health.DOWN, "no complete answer within 1 s"),
    (tricks.slow_head, Health.DOWN, "no complete answer within 1 s"),
    (ten_megabytes, Health.DOWN, "more than 2048 KiB"),
    (tricks.endless, Health.DOWN, ""),
    (tricks.head_of_100_mb, Health.DOWN, "does not speak HTTP"),
    (tricks.broken_chunks, Health.DOWN, ""),
    (tricks.sends(b"SSH-2.0-OpenSSH_9.2\r\n"), Health.DOWN, "does not speak HTTP"),
    (tricks.says(b'{"workflow_type_versions": '), Health.DOWN, "not JSON"),
    (tricks.says(["of", "wrong", "types"]), Health.DOWN, "no WES service-info"),
    (tricks.page(200), Health.DOWN, "web page"),
    (tricks.moved("/service-info"), Health.DOWN, "redirects more than 5 times"),
    (tricks.moved("http://169.254.169.254/latest"), Health.DOWN, "never contacts"),
    (tricks.says({"msg": "Down"}, 500), Health.DOWN, "500"),
    (tricks.says({"msg": "Later"}, 503), Health.DOWN, "busy"),
    (tricks.says({}, 429, headers="Retry-After: 30\r\n"), Health.DEGRADED, "busy"),
]


@pytest.mark.parametrize(("trick", "health", "words"), BAD_ANSWERS)
def test_a_bad_answer_is_the_protocols_fault(
    wes: HostileWes, trick: Trick, health: Health, words: str
) -> None:
    wes.tricks["service-info"] = trick
    found = found_at(wes.base_url)
    assert found.health is health
    assert words in found.message
    if "never contacts" in words:
        return
    assert found.layer is Layer.PROTOCOL
    assert [one.verdict for one in found.layers] == [Verdict.PASSED, Verdict.FAILED]


def test_types_that_differ_from_the_standards_do_not_matter(wes: HostileWes) -> None:
    wes.info = {"supported_wes_versions": 7, "workflow_type_versions": [], "version": None}
    found = found_at(wes.base_url)
    assert (found.health, found.message, found.layer) == (Health.UP, "", None)


def closed_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"http://127.0.0.1:{listener.getsockname()[1]}"


@pytest.mark.parametrize(
    ("place", "words"),
    [
        (closed_port, "refuses connections"),
        (lambda: "http://no-such-host.invalid", "does not resolve"),
        (lambda: "http://169.254.169.254", "never contacts"),
        (lambda: "http://[::ffff:169.254.169.254]", "never contacts"),
    ],
)
def test_who_cannot_be_connected_to_is_not_reachable(place: Callable[[], str], words: str) -> None:
    found = found_at(place())
    assert (found.health, found.response_time_ms) == (Health.DOWN, None)
    assert words in found.message
    assert found.layers == (LayerFinding(Layer.REACHABLE, Verdict.FAILED, found.message),)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.mark.parametrize(
    ("certificate", "words"),
    [
        ({"days": -1}, "expired"),
        ({"host": "other.example"}, "is for other.example"),
        ({"is_own": False}, "nobody vouches"),
    ],
)
def test_a_certificate_that_nobody_should_trust_fails_the_layer_of_tls(
    authority: Authority,
    monkeypatch: pytest.MonkeyPatch,
    certificate: dict[str, object],
    words: str,
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    with hostile_wes("https", authority.context(**certificate)) as wes:  # type: ignore[arg-type]
        found = found_at(wes.base_url)
    assert (found.health, found.layer) == (Health.DOWN, Layer.TLS)
    assert words in found.message
    assert [one.verdict for one in found.layers] == [Verdict.PASSED, Verdict.FAILED]


def test_a_good_certificate_is_told_of_when_it_is_due(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    with hostile_wes("https", authority.context()) as wes:
        often, due = found_at(wes.base_url), found_at(wes.base_url, Layer.TLS)
    assert often.health is due.health is Health.UP
    assert often.certificate is None
    assert due.certificate is not None
    assert LayerFinding(Layer.TLS, Verdict.PASSED, due.layers[-1].detail) == due.layers[-1]


def test_the_credential_is_tried_when_it_is_due_and_only_then(wes: HostileWes) -> None:
    wes.tricks["list"] = tricks.says({"msg": "Token expired"}, 401)
    assert found_at(wes.base_url).health is Health.UP
    assert [request.phase for request in wes.asked] == ["service-info"]
    found = found_at(wes.base_url, Layer.CREDENTIALS)
    assert (found.health, found.layer) == (Health.AUTHORISATION_NEEDED, Layer.CREDENTIALS)
    assert "Token expired" in found.message


def test_a_service_that_answers_late_is_degraded(wes: HostileWes) -> None:
    found = found_at(wes.base_url, slow_ms=0.001)
    assert (found.health, found.layer) == (Health.DEGRADED, None)
    assert "slow" in found.message


@pytest.mark.parametrize("step", [timedelta(hours=1), timedelta(hours=-1)])
def test_a_step_of_the_clock_changes_no_latency(
    wes: HostileWes, monkeypatch: pytest.MonkeyPatch, step: timedelta
) -> None:
    began = now()
    times = iter([began])
    monkeypatch.setattr(examination, "now", lambda: next(times, now() + step))
    found = found_at(wes.base_url)
    assert found.checked_at == began
    assert found.response_time_ms is not None
    assert 0 < found.response_time_ms < PATIENCE * 1000


def test_no_connection_is_used_twice_and_no_cookie_comes_back(wes: HostileWes) -> None:
    wes.tricks["service-info"] = tricks.says(wes.info, headers="Set-Cookie: a=b; Path=/\r\n")
    found_at(wes.base_url, Layer.CREDENTIALS)
    first, second = wes.asked
    assert first.headers["connection"] == second.headers["connection"] == "close"
    assert "cookie" not in second.headers


def test_a_busy_machine_does_not_make_a_service_slow(wes: HostileWes) -> None:
    wes.tricks["service-info"] = lambda peer: (time.sleep(0.3), peer.well())

    async def run() -> tuple[Finding, float]:
        due, lateness = due_probe(wes.base_url, slow_ms=500), Lateness()
        async with open_probe_client(request_timeout=TIMEOUT) as client:
            examining = asyncio.create_task(
                examine(client, due, Endpoint(wes.base_url), lateness=lateness)
            )
            watching = asyncio.create_task(lateness.watch(lambda: not examining.done()))
            await asyncio.sleep(0.1)
            # The whole process stands still, as on a machine that swaps.
            time.sleep(0.6)  # noqa: ASYNC251
            finding = await examining
            await watching
            return finding, lateness.seconds

    found, seconds = asyncio.run(run())
    assert seconds > 0.3
    assert found.response_time_ms is not None
    assert found.response_time_ms > 500
    assert (found.health, found.message) == (Health.UP, "")

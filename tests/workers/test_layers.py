"""Each layer is looked at by itself, and what is wrong is said plainly."""

import asyncio
import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import update

from app.connectors.base import Endpoint
from app.connectors.client import open_client
from app.domain import probe_schedule, service_changes, service_layers, services
from app.domain.access import WORKER
from app.domain.health import Finding, Health, Layer, LayerFinding, Verdict
from app.domain.panel_needs import PanelNeed, judge_needs, panel_needs
from models import db
from models.base import now
from models.health import ServiceCheck
from tests.support import small_wes as small
from tests.support.certificates import Authority
from tests.support.filling import add_panel, add_service
from tests.support.hostile import hostile_wes
from tests.support.small_wes import small_wes
from tests.support.working import RECIPE
from workers.examination import examine
from workers.health import sweep
from workers.layers import look_at_certificate


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@contextmanager
def https(authority: Authority, **certificate: object) -> Iterator[str]:
    """A real TLS server on loopback."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler)
    context = authority.context(**certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"https://127.0.0.1:{server.server_port}/ga4gh/wes/v1"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def look(url: str) -> tuple[LayerFinding | None, dict]:
    found, facts = asyncio.run(look_at_certificate(url, timeout_seconds=5))
    return found, dict(facts or {})


@pytest.mark.parametrize(
    ("certificate", "verdict", "words"),
    [
        ({"days": 90}, Verdict.PASSED, "from An authority"),
        ({"days": 3}, Verdict.PASSED, "Valid until"),
        ({"days": -1}, Verdict.FAILED, "expired on"),
        ({"host": "other.example"}, Verdict.FAILED, "is for other.example, not for 127.0.0.1"),
        ({"is_own": False}, Verdict.FAILED, "nobody vouches"),
    ],
)
def test_a_certificate_is_read_and_judged_whether_it_is_accepted_or_not(
    certificate: dict,
    verdict: Verdict,
    words: str,
    authority: Authority,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    with https(authority, **certificate) as url:
        found, facts = look(url)
    assert found is not None
    assert (found.layer, found.verdict) == (Layer.TLS, verdict)
    assert words in found.detail
    assert facts["subject_names"] == [certificate.get("host", "127.0.0.1")]
    assert len(facts["fingerprint"]) == 64
    assert facts["expires_at"] > facts["starts_at"]


def test_a_certificate_is_looked_for_only_where_there_is_one(authority: Authority) -> None:
    assert look("http://127.0.0.1:9/ga4gh/wes/v1") == (None, {})
    # Nothing listens, or nothing may be contacted: another layer's business.
    assert look("https://127.0.0.1:9/") == (None, {})
    assert look("https://169.254.169.254/") == (None, {})


def test_a_server_that_speaks_no_tls_fails_the_layer() -> None:
    with small_wes() as wes:
        found, _ = look(wes.base_url.replace("http:", "https:"))
    assert found is not None
    assert found.verdict is Verdict.FAILED
    assert "does not speak TLS" in found.detail


CWL = {"cwl": ("v1.0", "v1.2"), "WDL": ()}


@pytest.mark.parametrize(
    ("needs", "offered", "verdict", "words"),
    [
        ([("A", "CWL", "v1.2")], CWL, Verdict.PASSED, "CWL v1.2"),
        ([("A", "WDL", "1.0")], CWL, Verdict.PASSED, "WDL 1.0"),
        ([("A", "CWL", "v1.1"), ("B", "CWL", "v1.2")], CWL, Verdict.FAILED, "A (CWL v1.1)."),
        ([("A", "NFL", "DSL2")], CWL, Verdict.FAILED, "It offers cwl v1.0 v1.2, WDL."),
        ([("A", "CWL", "v1.2")], {}, Verdict.UNTOLD, "does not say"),
        ([], CWL, Verdict.UNTOLD, "No panel here"),
    ],
)
def test_a_service_must_offer_what_its_panels_need(
    needs: list, offered: dict, verdict: Verdict, words: str
) -> None:
    found = judge_needs([PanelNeed(*need) for need in needs], offered)
    assert found.verdict is verdict
    assert words in found.detail


def test_a_service_that_lacks_what_its_panels_need_is_degraded_and_says_which_layer_failed(
    databases: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with small_wes() as wes:
        ref = add_service(WORKER, "ILIFU", wes.base_url)
        add_panel(WORKER, ref, "1000 Genomes", RECIPE)
        with db.session(db.REGISTRY) as session:
            (due,) = probe_schedule.claim_due(session, limit=5)
            needs = panel_needs(session, service_refs=[ref])[ref]

        async def probe() -> Finding:
            async with open_client(request_timeout=5) as client:
                return await examine(client, due, Endpoint(wes.base_url), needs=needs)

        good = asyncio.run(probe())
        monkeypatch.setitem(
            small.SERVICE_INFO, "workflow_type_versions", {"WDL": small.ANY_VERSION}
        )
        bad = asyncio.run(probe())
    assert good.layers[-1] == LayerFinding(
        Layer.PANELS, Verdict.PASSED, "It runs what its panels need: CWL v1.2."
    )
    assert (bad.health, bad.layer) == (Health.DEGRADED, Layer.PANELS)
    assert "1000 Genomes (CWL v1.2)" in bad.message


def test_an_expired_certificate_is_one_stretch_of_one_layer_and_its_renewal_a_change(
    databases: None, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    with hostile_wes("https", authority.context(days=-1)) as wes:
        ref = add_service(WORKER, "ILIFU", wes.base_url)

        def check(times: int) -> None:
            for _ in range(times):
                with db.session(db.REGISTRY) as session:
                    session.connection().execute(update(ServiceCheck).values(next_probe_at=now()))
                asyncio.run(sweep())

        check(3)
        with db.session(db.REGISTRY) as session:
            row = services.get_service(session, actor=WORKER, service_ref=ref)
        wes.tls = authority.context(days=90)
        check(3)
    with db.session(db.REGISTRY) as session:
        history = service_layers.layer_history(session, actor=WORKER, service_ref=ref)
        layers = service_layers.layers_of(session, actor=WORKER, service_ref=ref)
        changes = service_changes.changes_of(session, actor=WORKER, service_ref=ref)
    assert row.health_status == "down"
    assert "The certificate expired on" in row.error_message
    told = [one.verdict for one in reversed(history) if one.layer is Layer.TLS]
    assert told == [Verdict.FAILED, Verdict.PASSED]
    assert layers[1].days_left in (89, 90)
    assert [one.kind for one in changes] == ["certificate"]

"""Answers that are errors: busy, broken, a proxy's pages, redirects."""

from collections.abc import Iterator

import pytest
from sqlmodel import select

from app.domain import credentials
from app.domain.job_queue import LONGEST_RETRY_AFTER
from models import db
from models.base import now
from models.jobs import ServiceContact
from models.registry import ImputationService
from tests.hostile.conftest import Ordeal, Survives
from tests.hostile.tricks import BUSY, HTML, moved, page, says
from tests.support.hostile import HostileWes, hostile_wes
from tests.support.submitting import actor


@pytest.fixture
def elsewhere() -> Iterator[HostileWes]:
    with hostile_wes() as server:
        yield server


@pytest.mark.parametrize("status", [400, 403, 404, 405, 418, 502])
def test_a_submission_meets_a_web_page_with_status(status: int, survives: Survives) -> None:
    survives("submit", page(status))


@pytest.mark.parametrize("status", [301, 302, 307])
def test_a_submission_is_redirected_with_status(
    status: int, survives: Survives, elsewhere: HostileWes
) -> None:
    survives("submit", moved(f"{elsewhere.base_url}/runs", status))
    assert elsewhere.asked == []


@pytest.mark.parametrize(
    ("status", "body"),
    [(404, b"default backend - 404"), (404, b'{"msg": "no such path"}'), (405, b""), (501, b"{}")],
    ids=["404 of a proxy", "404 in JSON", "405", "501"],
)
def test_a_submission_meets(status: int, body: bytes, survives: Survives) -> None:
    survives("submit", says(body, status))


@pytest.mark.parametrize("phase", ["service-info", "run log", "download", "cancel"])
def test_a_proxy_says_404_in(phase: str, survives: Survives) -> None:
    survives(phase, page(404))


@pytest.mark.parametrize("phase", ["run log", "download", "cancel"])
def test_a_proxy_says_502_in(phase: str, survives: Survives) -> None:
    survives(phase, says(HTML, 502, kind="text/html"))


@pytest.mark.parametrize(
    ("status", "header"),
    [
        *((429, header) for header in BUSY),
        (503, "without Retry-After"),
        (503, "Retry-After in seconds"),
    ],
)
def test_busy(status: int, header: str, ordeal: Ordeal) -> None:
    ordeal.reach("status")
    ordeal.wes.tricks["status"] = says({"msg": "later"}, status, headers=BUSY[header])
    ordeal.suffer("status")
    with db.session(db.JOBS) as session:
        contact = session.exec(select(ServiceContact)).one()
    if "year" in header or "400 digits" in header:
        assert contact.retry_at is not None
        wait = (contact.retry_at - now()).total_seconds()
        assert 0.9 * LONGEST_RETRY_AFTER < wait < 1.1 * LONGEST_RETRY_AFTER
    ordeal.recover()


@pytest.mark.parametrize(
    "target",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://[fe80::1]/",
        "http://[::ffff:169.254.169.254]/",
        "http://100.100.100.200/",
        "file:///etc/passwd",
        "http://",
        "//%00/",
    ],
)
def test_the_state_of_a_run_redirects_to(target: str, survives: Survives) -> None:
    survives("status", moved(target))


def test_a_redirect_loop(survives: Survives) -> None:
    survives("status", lambda peer: moved(peer.request.path)(peer))


def test_a_redirect_to_another_host_does_not_carry_the_token(
    ordeal: Ordeal, elsewhere: HostileWes
) -> None:
    ordeal.reach("status")
    with db.session(db.REGISTRY) as session:
        service_ref = session.exec(select(ImputationService.ref)).one()
    with db.session(db.USERS) as session:
        credentials.set_token(session, actor=actor(), service_ref=service_ref, token="s3cret-token")
    ordeal.wes.tricks["status"] = moved(f"{elsewhere.base_url}/runs/1/status")
    ordeal.suffer("status")
    assert ordeal.wes.asked[-1].headers["authorization"] == "Bearer s3cret-token"
    assert elsewhere.asked
    assert all("authorization" not in request.headers for request in elsewhere.asked)
    ordeal.recover()

"""The status page for visitors: closed until it is opened, and then without anything secret."""

from collections.abc import Iterator
from xml.etree import ElementTree

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import event
from sqlmodel import select

from app.api import status
from app.api.shared_answer import SharedAnswer
from app.app import api
from app.domain import services, status_page
from app.domain.access import ROLES, Actor
from app.domain.errors import NotAllowed
from app.domain.health import Health
from app.domain.service_fields import parse_service
from models import db
from models.platform import AuditEntry
from models.registry import ImputationService
from tests.support.histories import DAY_SECONDS, add_past, set_now

ADMIN = Actor("admin", "ada", "ada@lab.example", ROLES["administrator"])
MANAGER = Actor("manager", "mia", "", ROLES["service_manager"])
ADDRESSES = ("/status", "/status.json", "/status/badge.svg")


@pytest.fixture
def client(databases: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    forget_answers(monkeypatch)
    yield TestClient(api, follow_redirects=False)


def forget_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the next visitor's answer be read anew, as it is some seconds later."""
    fresh = SharedAnswer(status._read, seconds=status.SHARED_SECONDS)
    monkeypatch.setattr(status, "shared_status", fresh)


def set_open(to: bool) -> None:
    with db.session(db.PLATFORM) as session:
        status_page.set_open(session, actor=ADMIN, to=to)


def add_node(name: str = "Node <1>") -> str:
    """Add a service; what visitors must not see of it bears the word CANARY."""
    typed = {"name": name, "base_url": "https://canary.example.org", "location": "Cape Town"}
    with db.session(db.REGISTRY) as session:
        fields = parse_service(typed | {"description": "CANARY description"})
        ref = services.add_service(session, actor=ADMIN, fields=fields).ref
        kept = session.exec(select(ImputationService).where(ImputationService.ref == ref)).one()
        kept.api_config = {"shared_folder": {"remote": "/CANARY"}}
        kept.service_info = {"name": "CANARY", "organization": "CANARY", "raw": {"x": "CANARY"}}
        kept.silence_reason = "CANARY reason"
        kept.check_settings = {"confirmations": 7}
    set_now(ref, state="down", message="CANARY message of https://canary.example.org", queued=3)
    add_past(ref, {2: {Health.UP: DAY_SECONDS / 2, Health.DOWN: DAY_SECONDS / 2}})
    return ref


def test_nothing_is_told_until_an_administrator_opens_it_and_after_it_was_closed(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    ref = add_node()
    for is_closed_again in (False, True):
        if is_closed_again:
            set_open(True)
            set_open(False)
            forget_answers(monkeypatch)
        for address in (*ADDRESSES, f"/status/badge.svg?service={ref}"):
            answer = client.get(address)
            assert (answer.status_code, answer.text) == (404, "Not Found")
            assert answer.headers["cache-control"] == "no-store"


def test_opening_takes_an_administrator_and_is_in_the_audit_log(client: TestClient) -> None:
    with db.session(db.PLATFORM) as session, pytest.raises(NotAllowed):
        status_page.set_open(session, actor=MANAGER, to=True)
    set_open(True)
    with db.session(db.PLATFORM) as session:
        entry = session.exec(select(AuditEntry)).one()
    assert (entry.action, entry.actor_name) == ("status_page.open", "ada")
    assert (entry.before, entry.after) == ({"is_open": False}, {"is_open": True})


def test_what_visitors_see_is_how_services_are_and_nothing_that_is_not_theirs(
    client: TestClient,
) -> None:
    ref = add_node()
    set_open(True)
    for address in (*ADDRESSES, f"/status/badge.svg?service={ref}"):
        answer = client.get(address)
        assert answer.status_code == 200
        assert "canary" not in answer.text.lower()
        assert "admin" not in answer.text
        assert "max-age" in answer.headers["cache-control"]
        assert "set-cookie" not in answer.headers
    page = client.get("/status").text
    assert "0 of 1 services are available" in page
    assert "Node &lt;1&gt;" in page
    assert "<script" not in page
    assert "50.00 %" in page
    assert "no data for 89 days" in page
    (entry,) = client.get("/status.json").json()
    assert entry["type"] == {"group": "org.ga4gh", "artifact": "wes", "version": "1.1.0"}
    assert (entry["id"], entry["health"]["status"], entry["health"]["queued"]) == (ref, "down", 3)
    assert entry["health"]["uptime90Days"] == 0.5
    badges = {address: client.get(address) for address in ADDRESSES[2:]}
    badges["one"] = client.get(f"/status/badge.svg?service={ref}")
    said = [ElementTree.fromstring(one.text).get("aria-label") for one in badges.values()]
    assert said == ["services: 0 of 1 available", "Node <1>: down"]
    assert client.get("/status/badge.svg?service=other").status_code == 404


@pytest.mark.parametrize("is_open", [True, False])
def test_however_many_visitors_look_the_databases_are_asked_once(
    client: TestClient, is_open: bool
) -> None:
    add_node()
    set_open(is_open)
    asked: list[str] = []
    engines = [db.engine(name) for name in (db.PLATFORM, db.REGISTRY)]

    def note(_: object, __: object, statement: str, *___: object) -> None:
        asked.append(statement)

    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    try:
        client.get("/status")
        once = len(asked)
        for _ in range(30):
            for address in ADDRESSES:
                client.get(address)
    finally:
        for engine in engines:
            event.remove(engine, "before_cursor_execute", note)
    assert once > 0
    assert len(asked) == once

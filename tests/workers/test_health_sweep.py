"""The sweep against real loopback servers: what is judged how, and that nobody waits for others."""

import asyncio
import json
from datetime import timedelta

import pytest
from sqlalchemy import text

from app.config import settings
from app.domain import credentials, probes, services
from app.domain.access import ROLES, Actor
from app.domain.service_fields import parse_service
from models import db
from models.base import now
from tests.support.asgi import served
from workers.health import sweep

ADMIN = Actor(user_ref="admin", name="admin", email="", permissions=ROLES["administrator"])
SERVICE_INFO = {
    "workflow_type_versions": {"CWL": {"workflow_type_version": ["v1.2"]}},
    "supported_wes_versions": ["1.0.0"],
    "workflow_engine_versions": {"cwltool": "3.1"},
    "system_state_counts": {"RUNNING": 1, "QUEUED": 2},
    "version": "9.6.0",
}
CONFIRMATIONS = 3
TOKEN = "canary-token-5e6f7a8b"


def answer(status: int, body, content_type: str = "application/json"):
    """An ASGI app that gives one answer to everything."""
    data = body.encode() if isinstance(body, str) else json.dumps(body).encode()

    async def app(scope, receive, send):
        if scope["type"] == "http":
            headers = [(b"content-type", content_type.encode())]
            await send({"type": "http.response.start", "status": status, "headers": headers})
            await send({"type": "http.response.body", "body": data})

    return app


def wes(*, runs_status: int = 200, token: str = "", asked: list[str] | None = None):
    """A WES service: an open service-info, and runs that may want a token."""

    async def app(scope, receive, send):
        if scope["type"] != "http":
            return
        if asked is not None:
            asked.append(scope["path"])
        given = dict(scope["headers"]).get(b"authorization", b"").decode()
        if scope["path"].endswith("/service-info"):
            inner = answer(200, SERVICE_INFO)
        elif runs_status != 200 or (token and given != f"Bearer {token}"):
            inner = answer(runs_status if runs_status != 200 else 401, {"msg": "No."})
        else:
            inner = answer(200, {"runs": [], "next_page_token": ""})
        await inner(scope, receive, send)

    return app


async def silent(scope, receive, send):
    """An ASGI app that takes a request and never answers."""
    if scope["type"] == "http":
        await asyncio.Event().wait()


def add_service(base_url: str, name: str = "Node") -> str:
    with db.session(db.REGISTRY) as session:
        fields = parse_service({"name": name, "base_url": base_url})
        return services.add_service(session, actor=ADMIN, fields=fields).ref


def row_of(service_ref: str) -> services.ServiceRow:
    with db.session(db.REGISTRY) as session:
        return services.get_service(session, actor=ADMIN, service_ref=service_ref)


def probes_of(service_ref: str) -> list[str]:
    with db.session(db.REGISTRY) as session:
        rows = probes.history(
            session, actor=ADMIN, service_ref=service_ref, since=now() - timedelta(hours=1)
        )
    return [row.health_status for row in rows]


async def state_of(app) -> services.ServiceRow:
    """Add a service, sweep until its state is confirmed, and see what is known of it."""
    async with served(app) as url:
        ref = add_service(url)
        for _ in range(CONFIRMATIONS):
            await sweep_now()
    assert len(probes_of(ref)) == CONFIRMATIONS
    return row_of(ref)


async def sweep_now() -> None:
    """Sweep when every service is due."""
    with db.session(db.REGISTRY) as session:
        session.connection().execute(text("UPDATE service_checks SET next_probe_at = now()"))
    await sweep()


@pytest.fixture
def quick(databases, monkeypatch):
    """Probes give up after a second."""
    monkeypatch.setenv("FGIP_PROBE_TIMEOUT_SECONDS", "1")
    settings.cache_clear()
    yield
    monkeypatch.undo()
    settings.cache_clear()


def test_a_service_that_answers_the_protocol_is_up_and_what_it_says_is_kept(databases):
    row = asyncio.run(state_of(wes()))
    assert (row.health_status, row.is_available, row.error_message) == ("up", True, "")
    assert row.response_time_ms is not None
    assert row.service_info["workflow_types"] == {"CWL": ["v1.2"]}


def test_a_web_page_that_answers_200_is_not_a_service(databases):
    row = asyncio.run(state_of(answer(200, "<html>Welcome</html>", "text/html")))
    assert (row.health_status, row.is_available) == ("down", False)
    assert row.error_message
    assert "<html>" not in row.error_message


def test_json_that_is_not_of_the_protocol_is_down(databases):
    row = asyncio.run(state_of(answer(200, {"hello": "world"})))
    assert row.health_status == "down"
    assert "service-info" in row.error_message


def test_an_error_of_the_service_is_down(databases):
    assert asyncio.run(state_of(answer(500, {"msg": "Broken"}))).health_status == "down"


def test_a_service_that_wants_a_token_everywhere_needs_authorisation(databases):
    row = asyncio.run(state_of(answer(401, {"msg": "Token, please"})))
    assert (row.health_status, row.is_available) == ("authorisation_needed", False)


def test_an_open_service_info_does_not_hide_that_the_runs_want_a_token(databases):
    row = asyncio.run(state_of(wes(token=TOKEN)))
    assert row.health_status == "authorisation_needed"
    assert row.service_info["version"] == "9.6.0"


def test_a_service_that_fails_behind_its_front_door_is_degraded(databases):
    row = asyncio.run(state_of(wes(runs_status=500)))
    assert (row.health_status, row.is_available) == ("degraded", True)
    assert row.error_message


def test_nobody_at_the_address_is_down(databases):
    async def run() -> str:
        async with served(wes()) as url:
            pass
        ref = add_service(url)
        for _ in range(CONFIRMATIONS):
            await sweep_now()
        return ref

    row = row_of(asyncio.run(run()))
    assert (row.health_status, row.response_time_ms) == ("down", None)
    assert row.error_message


def test_the_lab_s_token_is_sent_and_never_logged(databases, caplog, capfd):
    caplog.set_level("DEBUG")

    async def run() -> str:
        async with served(wes(token=TOKEN)) as url:
            ref = add_service(url)
            with db.session(db.USERS) as session:
                credentials.set_token(
                    session, actor=ADMIN, service_ref=ref, token=TOKEN, shared=True
                )
            await sweep()
            return ref

    assert row_of(asyncio.run(run())).health_status == "up"
    assert TOKEN not in caplog.text
    assert TOKEN not in "".join(capfd.readouterr())


def test_a_service_that_never_answers_delays_nobody(databases):
    async def run() -> None:
        async with served(silent) as hung_url, served(wes()) as good_url:
            hung, good = add_service(hung_url, "Hung"), add_service(good_url, "Good")
            sweeping = asyncio.create_task(sweep())
            while not await asyncio.to_thread(probes_of, good):
                assert not sweeping.done(), "the good service's row came only with the sweep's end"
                await asyncio.sleep(0.01)
            assert probes_of(hung) == []
            sweeping.cancel()
            await asyncio.gather(sweeping, return_exceptions=True)

    asyncio.run(run())


def test_a_service_that_never_answers_is_down_when_its_time_is_over(quick):
    row = asyncio.run(state_of(silent))
    assert (row.health_status, row.response_time_ms) == ("down", None)
    assert "1 s" in row.error_message


def test_two_sweeps_at_once_probe_each_service_once(databases):
    asked: list[str] = []

    async def run() -> list[str]:
        async with served(wes(asked=asked)) as url:
            refs = [add_service(f"{url}/{number}", f"Node {number}") for number in range(20)]
            await asyncio.gather(sweep(), sweep())
            return refs

    refs = asyncio.run(run())
    assert [probes_of(ref) for ref in refs] == [["up"]] * 20
    infos = [path for path in asked if path.endswith("service-info")]
    assert len(infos) == len(set(infos)) == 20


def test_a_sweep_with_nothing_due_asks_nobody(databases):
    asked: list[str] = []

    async def run() -> None:
        async with served(wes(asked=asked)) as url:
            add_service(url)
            await sweep()
            first = len(asked)
            await sweep()
            assert len(asked) == first

    asyncio.run(run())


def test_a_token_for_another_host_is_not_sent_and_the_page_says_what_to_do(databases):
    asked: list[str] = []

    async def run() -> str:
        async with served(wes(asked=asked)) as url:
            ref = add_service("https://first.example.org")
            with db.session(db.USERS) as session:
                credentials.set_token(
                    session, actor=ADMIN, service_ref=ref, token=TOKEN, shared=True
                )
            with db.session(db.REGISTRY) as session:
                fields = parse_service({"name": "Node", "base_url": url})
                services.change_service(session, actor=ADMIN, service_ref=ref, fields=fields)
            for _ in range(CONFIRMATIONS):
                await sweep_now()
            return ref

    row = row_of(asyncio.run(run()))
    assert row.health_status == "authorisation_needed"
    assert "Enter the token again" in row.error_message
    assert asked == []


def test_probing_one_service_survives_the_surprise_of_another(databases):
    async def run() -> tuple[str, str]:
        async with served(wes()) as url:
            odd, good = add_service(url, "Odd"), add_service(url + "/x", "Good")
            with db.session(db.REGISTRY) as session:
                session.connection().execute(
                    text("UPDATE imputation_services SET api_type = 'gopher' WHERE ref = :ref"),
                    {"ref": odd},
                )
            await sweep()
            return odd, good

    odd, good = asyncio.run(run())
    assert (row_of(odd).health_status, row_of(good).health_status) == ("unknown", "up")
    assert "log" in row_of(odd).error_message

"""Every HTTP route refuses nobody, the wrong role, and everybody else's things.

The routes are found in the application's own table, so a new one cannot be forgotten.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from fastapi.routing import iter_route_contexts
from fastapi.testclient import TestClient

from app.app import api
from app.domain import files, store
from models import db
from models.users import Role
from tests.support.people import sign_in
from tests.support.platform import start_web
from tests.support.servers import Server

# What a visitor needs before signing in, and what an orchestrator asks.
PUBLIC = {
    ("GET", "/livez"),
    ("GET", "/ready"),
    # Closed until an administrator opens them (test_status).
    ("GET", "/status"),
    ("GET", "/status.json"),
    ("GET", "/status/badge.svg"),
    ("POST", "/auth/sign-in"),
    ("POST", "/auth/sign-out"),
    ("POST", "/auth/setup"),
}
# Anybody who is signed in changes their own password.
OWN = {("POST", "/auth/password")}
TUS = {"Tus-Resumable": "1.0.0", "Upload-Length": "10", "Content-Type": "application/octet-stream"}


def routes() -> set[tuple[str, str]]:
    """Return method and path of every route of ours."""
    return {
        (method, route.path)
        for route in iter_route_contexts(api.routes)
        for method in route.methods or ()
    }


CLOSED = sorted(routes() - PUBLIC)


@pytest.fixture
def client(databases: None) -> Iterator[TestClient]:
    with db.session(db.USERS) as session:
        session.add(Role(name="nothing", title="Nothing"))
    yield TestClient(api, follow_redirects=False)


def ask(client: TestClient, method: str, path: str, **cookies: str) -> httpx.Response:
    """Send a request with something in each of the path's places."""
    url = re.sub(r"\{[^}]+\}", "0" * 20, path)
    client.cookies = httpx.Cookies(cookies)
    return client.request(method, url, headers=TUS)


def test_the_public_routes_are_those_that_are_listed() -> None:
    assert routes() >= PUBLIC
    assert len(CLOSED) > 5


@pytest.mark.parametrize(("method", "path"), CLOSED)
def test_a_route_refuses_nobody(client: TestClient, method: str, path: str) -> None:
    assert ask(client, method, path).status_code == 401
    assert ask(client, method, path, fgip_session="invented").status_code == 401


@pytest.mark.parametrize(("method", "path"), sorted(set(CLOSED) - OWN))
def test_a_route_refuses_who_lacks_its_permission(
    client: TestClient, method: str, path: str
) -> None:
    _, cookies = sign_in("noa", role="nothing")
    answer = ask(client, method, path, **cookies)
    if (method, path) == ("OPTIONS", "/api/uploads/"):
        assert answer.status_code == 204  # it says which protocol is spoken, and nothing else
    else:
        assert answer.status_code in (403, 404, 422), answer.text


def test_a_file_is_not_there_for_anybody_but_its_owner(client: TestClient, tmp_path: Path) -> None:
    owner_ref, owner = sign_in("rosa")
    (tmp_path / "result").write_bytes(b"genotypes of rosa")
    content = store.ingest_path(tmp_path / "result")
    with db.session(db.FILES) as session:
        file = files.add_result(
            session, owner_ref=owner_ref, job_ref="job", name="result.vcf.gz", content=content
        )
    url = f"/api/files/{file.ref}"
    client.cookies = httpx.Cookies(owner)
    assert client.get(url).content == b"genotypes of rosa"
    for someone in ("researcher", "viewer", "service_manager"):
        client.cookies = httpx.Cookies(sign_in(someone, role=someone)[1])
        answer = client.get(url)
        assert (answer.status_code, b"genotypes" in answer.content) == (404, False)


@pytest.fixture(scope="module")
def web(postgres: str) -> Iterator[Server]:
    server = start_web()
    yield server
    server.stop()


def test_the_frameworks_own_upload_route_does_not_exist(web: Server) -> None:
    """It would take files from anybody and serve them to anybody."""
    assert httpx.get(f"{web.url}/_upload/anything").status_code == 404
    assert httpx.post(f"{web.url}/_upload", files={"files": b"x"}).status_code in (404, 405)


def test_another_sites_page_may_not_read_our_answers(web: Server) -> None:
    answer = httpx.get(f"{web.url}/livez", headers={"Origin": "https://evil.example"})
    assert "access-control-allow-origin" not in answer.headers

"""The session cookie: how it is set, what it demands, and whose requests it serves."""

from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from structlog.contextvars import get_contextvars

from app.api import sign_in
from app.api.session import CurrentActor
from app.config import settings
from app.domain import people
from models import db

pytestmark = pytest.mark.usefixtures("databases")

PASSWORD = "maize river lantern"
FORM = {"email": "ada@example.org", "password": PASSWORD}


@pytest.fixture
def client() -> Iterator[TestClient]:
    with db.session(db.USERS) as session:
        token = people.create_setup_token(session)
        assert token is not None
        people.set_up(session, token=token, name="Ada", email="ada@example.org", password=PASSWORD)
    app = FastAPI()
    app.include_router(sign_in.router)

    @app.get("/me")
    def me(actor: CurrentActor) -> str:
        return actor.name

    @app.get("/act")
    async def act(actor: CurrentActor) -> list[str]:
        return [actor.correlation_ref, get_contextvars()["correlation_ref"], actor.client_agent]

    @app.post("/me")
    def change_me(actor: CurrentActor) -> str:
        return actor.name

    with TestClient(app, base_url=settings().public_url, follow_redirects=False) as opened:
        yield opened


def test_signing_in_sets_a_cookie_that_no_script_can_read(client: TestClient) -> None:
    answer = client.post("/auth/sign-in", data={**FORM, "next": "/jobs"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/jobs")
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert client.get("/me").json() == "Ada"


def test_over_tls_the_cookie_is_secure_and_bound_to_the_host(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings(), "public_url", "https://impute.example.org")
    cookie = client.post("/auth/sign-in", data=FORM).headers["set-cookie"]
    assert cookie.startswith("__Host-")
    assert "secure" in cookie.lower()


def test_a_wrong_password_leads_back_to_the_form_without_a_cookie(client: TestClient) -> None:
    answer = client.post("/auth/sign-in", data={**FORM, "password": "wrong"})
    assert answer.headers["location"].startswith("/sign-in?error=wrong")
    assert "set-cookie" not in answer.headers


def test_too_many_failures_say_how_long_to_wait(client: TestClient) -> None:
    for _ in range(4):
        client.post("/auth/sign-in", data={**FORM, "password": "wrong"})
    location = client.post("/auth/sign-in", data=FORM).headers["location"]
    assert "error=wait" in location
    assert "wait=1" in location


@pytest.mark.parametrize("target", ["https://evil.example", "//evil.example", "/\\evil.example"])
def test_a_link_cannot_send_a_signed_in_person_elsewhere(client: TestClient, target: str) -> None:
    answer = client.post("/auth/sign-in", data={**FORM, "next": target})
    assert answer.headers["location"] == "/"


def test_signing_out_ends_the_session_at_the_server(client: TestClient) -> None:
    client.post("/auth/sign-in", data=FORM)
    kept = client.cookies[settings().session_cookie]
    client.post("/auth/sign-out")
    client.cookies.set(settings().session_cookie, kept)
    assert client.get("/me").status_code == 401


def test_each_request_has_a_reference_of_its_own_that_the_logs_bear_too(client: TestClient) -> None:
    client.post("/auth/sign-in", data=FORM)
    first, second = client.get("/act").json(), client.get("/act").json()
    assert first[0] == first[1] != second[0] == second[1]
    assert first[2] == "testclient"


@pytest.mark.parametrize("token", ["", "invented", "x" * 4000])
def test_an_invented_cookie_is_nobody(client: TestClient, token: str) -> None:
    client.cookies.set(settings().session_cookie, token)
    assert client.get("/me").status_code == 401


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "null"},
    ],
)
def test_a_write_from_another_sites_page_is_refused(
    client: TestClient, headers: dict[str, str]
) -> None:
    client.post("/auth/sign-in", data=FORM)
    assert client.post("/me", headers=headers).status_code == 403
    assert client.post("/auth/sign-out", headers=headers).status_code == 403
    assert client.get("/me").status_code == 200


def test_a_write_from_our_own_pages_is_served(client: TestClient) -> None:
    client.post("/auth/sign-in", data=FORM)
    own = {"origin": settings().public_url, "sec-fetch-site": "same-origin"}
    assert client.post("/me", headers=own).status_code == 200

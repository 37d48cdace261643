"""Storing a token over HTTP: who may, and where the answer leads."""

import asyncio

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from app.api import service_tokens
from app.api.errors import answer_errors
from app.domain import services
from app.domain.access import ROLES, Actor
from app.domain.service_fields import parse_service
from models import db
from tests.support.people import sign_in
from workers.endpoints import endpoint_of

ADMIN = Actor(user_ref="admin", name="admin", email="", permissions=ROLES["administrator"])
TOKEN = "canary-token-1a2b3c4d"


@pytest.fixture
def client(databases) -> TestClient:
    app = FastAPI()
    answer_errors(app)
    app.include_router(service_tokens.router)
    return TestClient(app, follow_redirects=False)


@pytest.fixture
def service_ref(databases) -> str:
    with db.session(db.REGISTRY) as session:
        fields = parse_service({"name": "Node", "base_url": "https://wes.example.org"})
        return services.add_service(session, actor=ADMIN, fields=fields).ref


def token_of(service_ref: str, user_ref: str = "") -> str:
    return asyncio.run(endpoint_of(service_ref, user_ref)).token


def test_a_researcher_stores_and_forgets_an_own_token(client, service_ref):
    user_ref, cookies = sign_in("ada")
    client.cookies.update(cookies)
    answer = client.post(f"/api/services/{service_ref}/token", data={"token": TOKEN})
    assert answer.headers["location"] == f"/services/{service_ref}?token=saved"
    assert token_of(service_ref, user_ref) == TOKEN
    assert token_of(service_ref) == ""
    answer = client.post(f"/api/services/{service_ref}/token/forget")
    assert answer.headers["location"] == f"/services/{service_ref}?token=forgotten"
    assert token_of(service_ref, user_ref) == ""


def test_a_service_manager_stores_the_lab_s_token(client, service_ref):
    client.cookies.update(sign_in("mia", "service_manager")[1])
    data = {"token": TOKEN, "shared": "true"}
    answer = client.post(f"/api/services/{service_ref}/token", data=data)
    assert answer.headers["location"] == f"/admin/services/{service_ref}?token=saved"
    assert token_of(service_ref) == TOKEN


def test_a_token_that_cannot_be_one_leads_back_with_the_reason_and_without_the_token(
    client, service_ref
):
    client.cookies.update(sign_in("ada")[1])
    answer = client.post(f"/api/services/{service_ref}/token", data={"token": "two words"})
    assert answer.status_code == 303
    assert "problem=" in answer.headers["location"]
    assert "two" not in answer.headers["location"]


@pytest.mark.parametrize("data", [{"token": TOKEN * 500}, {"token": TOKEN, "shared": TOKEN}])
def test_a_form_that_cannot_be_read_is_refused_without_what_was_in_it(client, service_ref, data):
    client.cookies.update(sign_in("ada")[1])
    answer = client.post(f"/api/services/{service_ref}/token", data=data)
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"][0] == "body"
    assert TOKEN not in answer.text


@pytest.mark.parametrize("path", ["token", "token/forget"])
def test_nobody_the_wrong_role_and_another_site_are_refused(client, service_ref, path):
    url = f"/api/services/{service_ref}/{path}"
    data = {"token": TOKEN}
    assert client.post(url, data=data).status_code == 401
    client.cookies.update(sign_in("vera", "viewer")[1])
    assert client.post(url, data=data).status_code == 403
    client.cookies.update(sign_in("ada")[1])
    assert client.post(url, data={**data, "shared": "true"}).status_code == 403
    foreign = {"origin": "https://evil.example", "sec-fetch-site": "cross-site"}
    assert client.post(url, data=data, headers=foreign).status_code == 403
    assert token_of(service_ref) == ""


def test_a_service_that_does_not_exist_answers_404(client, databases):
    client.cookies.update(sign_in("ada")[1])
    assert client.post("/api/services/nowhere/token", data={"token": TOKEN}).status_code == 404

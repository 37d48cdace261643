"""A route whose database is away answers 503, in words for whoever asks."""

from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from app.api import downloads, sign_in
from app.api.errors import answer_errors
from app.config import settings
from app.domain.unavailable import WORDS
from models import db
from tests.support.people import sign_in as signed_in

app = FastAPI()
answer_errors(app)
app.include_router(downloads.router)
app.include_router(sign_in.router)


@pytest.fixture
def client(databases: None) -> Iterator[TestClient]:
    with TestClient(app, follow_redirects=False) as opened:
        yield opened
    db.configure(settings().database_urls)


def without(name: str) -> None:
    nowhere = {name: f"postgresql+psycopg2://nobody@127.0.0.1:1/{name}"}
    db.configure({**settings().database_urls, **nowhere})


def test_a_program_is_told_when_to_come_back(client: TestClient) -> None:
    client.cookies.update(signed_in("rosa")[1])
    without(db.FILES)
    answer = client.get("/api/files/any")
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "5"
    assert answer.json()["detail"].startswith(WORDS[db.FILES].cannot)


def test_a_person_who_follows_a_link_is_shown_a_page(client: TestClient) -> None:
    without(db.USERS)
    answer = client.get("/api/files/any", headers={"Accept": "text/html,*/*"})
    assert answer.status_code == 503
    assert f"<p>{WORDS[db.USERS].cannot}." in answer.text


def test_whoever_signs_out_is_signed_out_of_this_browser_all_the_same(client: TestClient) -> None:
    client.cookies.update(signed_in("rosa")[1])
    without(db.USERS)
    answer = client.post("/auth/sign-out")
    assert answer.headers["location"].startswith("/sign-in?signed_out")
    assert 'fgip_session=""' in answer.headers["set-cookie"]

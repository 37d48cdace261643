"""What an orchestrator asks: does the process live, and can people sign in."""

from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from app.api import health
from app.config import settings
from models import db

app = FastAPI()
app.include_router(health.router)


@pytest.fixture
def client(postgres: str) -> Iterator[TestClient]:
    yield TestClient(app)
    db.configure(settings().database_urls)


def without(*names: str) -> None:
    """Point some databases at a port where nothing listens."""
    nowhere = {name: f"postgresql+psycopg2://nobody@127.0.0.1:1/{name}" for name in names}
    db.configure({**settings().database_urls, **nowhere})


def test_with_every_database_the_process_is_ready(client: TestClient) -> None:
    answer = client.get("/ready")
    assert answer.status_code == 200
    assert set(answer.json()["databases"].values()) == {"ok"}


def test_losing_one_domain_is_named_and_leaves_the_process_ready(client: TestClient) -> None:
    without(db.NOTIFICATIONS)
    answer = client.get("/ready")
    assert answer.status_code == 200
    assert answer.json()["databases"][db.NOTIFICATIONS] == "unreachable"
    assert answer.json()["databases"][db.JOBS] == "ok"


def test_where_nobody_could_sign_in_the_process_is_not_ready_but_alive(client: TestClient) -> None:
    without(db.USERS)
    assert client.get("/ready").status_code == 503
    assert client.get("/livez").status_code == 200

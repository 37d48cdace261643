"""The incidents of all services, taken into a spreadsheet."""

import csv
import io
from datetime import timedelta

import httpx
import pytest
from fastapi.testclient import TestClient

from app.app import api
from app.domain.health import Health
from models.base import now
from tests.support.health import add_service, change
from tests.support.people import sign_in

pytestmark = pytest.mark.usefixtures("databases")


def test_incidents_come_as_csv_narrowed_as_the_page_is_and_without_formulas() -> None:
    first, second = add_service("ILIFU"), add_service("=1+1")
    begin = now() - timedelta(hours=1)
    change(first, Health.DOWN, begin)
    change(first, Health.UP, begin + timedelta(minutes=10))
    change(second, Health.STALLED, begin + timedelta(minutes=1), "-2 jobs")
    client = TestClient(api, cookies=httpx.Cookies(sign_in("rosa")[1]))
    rows = list(csv.DictReader(io.StringIO(client.get("/api/incidents.csv").text)))
    assert [(row["service"], row["state"], row["cause"]) for row in rows] == [
        ("'=1+1", "stalled", "'-2 jobs"),
        ("ILIFU", "down", ""),
    ]
    assert [row["seconds"] for row in rows][1] == "600"
    ended = list(csv.DictReader(io.StringIO(client.get("/api/incidents.csv?open=no").text)))
    assert [row["service_ref"] for row in ended] == [first]


def test_nobody_reads_them_without_a_session() -> None:
    assert TestClient(api).get("/api/incidents.csv").status_code == 401

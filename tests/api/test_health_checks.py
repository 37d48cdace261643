"""The history of a service's checks, taken into a spreadsheet."""

import csv
import io

import httpx
import pytest
from fastapi.testclient import TestClient

from app.app import api
from models import db
from models.base import now
from models.health import ServiceHealthLog
from models.registry import ImputationService
from tests.support.people import sign_in

pytestmark = pytest.mark.usefixtures("databases")


def service_with_checks() -> str:
    """Add a service that was up, and then answered with something that a spreadsheet computes."""
    with db.session(db.REGISTRY) as session:
        service = ImputationService(
            name="ILIFU", service_type="wes", api_type="wes", base_url="http://wes.example"
        )
        session.add(service)
        session.flush()
        assert service.id is not None
        for state, error in (("up", ""), ("down", '=HYPERLINK("http://evil.example")')):
            session.add(
                ServiceHealthLog(
                    service_id=service.id,
                    checked_at=now(),
                    valid_until=now(),
                    health_status=state,
                    found=state,
                    response_time_ms=12.5 if state == "up" else None,
                    error_message=error,
                )
            )
        return service.ref


def test_the_checks_come_as_csv_with_their_times_in_utc() -> None:
    client = TestClient(api, cookies=httpx.Cookies(sign_in("rosa")[1]))
    answer = client.get(f"/api/services/{service_with_checks()}/checks.csv?hours=1")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["health_status"] for row in rows] == ["up", "down"]
    assert [row["response_time_ms"] for row in rows] == ["12.5", ""]
    assert all(row["checked_at"].endswith("Z") for row in rows)


def test_a_foreign_services_text_is_never_a_formula() -> None:
    client = TestClient(api, cookies=httpx.Cookies(sign_in("rosa")[1]))
    answer = client.get(f"/api/services/{service_with_checks()}/checks.csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert rows[1]["error_message"].startswith("'=")


def test_a_service_without_checks_gives_the_headings_alone() -> None:
    client = TestClient(api, cookies=httpx.Cookies(sign_in("rosa")[1]))
    with db.session(db.REGISTRY) as session:
        service = ImputationService(
            name="New", service_type="wes", api_type="wes", base_url="http://new.example"
        )
        session.add(service)
    answer = client.get(f"/api/services/{service.ref}/checks.csv")
    assert answer.text.splitlines() == ["checked_at,health_status,response_time_ms,error_message"]

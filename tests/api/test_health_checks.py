"""The history of a service's checks, taken into a spreadsheet."""

import csv
import io
from datetime import datetime, timedelta
from urllib.parse import urlencode

import httpx
import pytest
from fastapi.testclient import TestClient

from app.api.health_checks import CHECKS
from app.app import api
from app.domain.health import Health
from app.domain.health_sums import DAY, HOUR, hour_of
from app.domain.series import heat_map, series
from models import db
from models.base import now
from models.health import ServiceHealthLog
from models.registry import ImputationService
from tests.support.pasts import (
    INTERVAL,
    VIEWER,
    add_probes,
    add_service,
    add_states,
    every,
    roll_up,
)
from tests.support.people import sign_in

pytestmark = pytest.mark.usefixtures("databases")

MILLISECOND = timedelta(milliseconds=1)


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
    assert answer.text.splitlines() == [",".join(CHECKS)]


def get(path: str) -> list[dict[str, str]]:
    client = TestClient(api, cookies=httpx.Cookies(sign_in("rosa")[1]))
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.text)))


@pytest.mark.parametrize("days", [1, 10, 200])
def test_a_file_of_points_holds_what_the_charts_show(days: int) -> None:
    service_id, ref = add_service()
    at = now()
    add_probes(service_id, every(at - 30 * HOUR, at - 20 * HOUR, queued=4, finished=7))
    add_probes(service_id, every(at - 20 * HOUR, at - 19 * HOUR, health="down"))
    # What speaks for the present moment would grow from one reading to the next.
    add_probes(service_id, every(at - 19 * HOUR, at - HOUR, response_time_ms=200.5))
    roll_up()
    since = at - days * DAY
    query = urlencode({"since": since.isoformat(), "until": at.isoformat()})
    rows = get(f"/api/services/{ref}/series.csv?{query}")
    with db.session(db.REGISTRY) as session:
        shown = series(session, actor=VIEWER, service_ref=ref, since=since, until=at)
    assert len(rows) == len(shown.points)
    for row, point in zip(rows, shown.points, strict=True):
        assert abs(datetime.fromisoformat(row["starts_at"]) - point.starts_at) < MILLISECOND
        for health in Health:
            assert float(row[f"{health}_seconds"]) == point.seconds.get(health, 0)
        assert float(row["no_data_seconds"]) == pytest.approx(point.no_data, abs=5)
        for name in ("uptime", "p50_ms", "p95_ms", "p99_ms", "queued_average", "finished"):
            value = getattr(point, name)
            assert row[name] == ("" if value is None else str(value)), name


def test_a_file_of_states_holds_the_confirmed_ones() -> None:
    service_id, ref = add_service()
    at = now().replace(microsecond=0)
    add_states(service_id, ("up", at - 9 * DAY, at - HOUR), ("down", at - HOUR, None))
    rows = get(f"/api/services/{ref}/states.csv?hours=2")
    assert [(row["state"], row["until"]) for row in rows] == [
        ("up", (at - HOUR).isoformat().replace("+00:00", "Z")),
        ("down", ""),
    ]


def test_a_file_of_the_usual_week_holds_its_cells() -> None:
    service_id, ref = add_service()
    at = hour_of(now())
    add_probes(service_id, every(at - 2 * HOUR, at - HOUR, stands_for=INTERVAL))
    roll_up()
    (row,) = get(f"/api/services/{ref}/week.csv?hours=720")
    with db.session(db.REGISTRY) as session:
        (cell,) = heat_map(session, actor=VIEWER, service_ref=ref, since=at - DAY)
    assert (row["weekday"], row["hour"]) == (str(cell.weekday), str(cell.hour))
    assert float(row["median_ms"]) == cell.median_ms


def test_a_time_that_ends_before_it_begins_is_refused_in_words() -> None:
    client = TestClient(api, cookies=httpx.Cookies(sign_in("rosa")[1]))
    _, ref = add_service()
    answer = client.get(
        f"/api/services/{ref}/series.csv?since=2026-02-01T00:00:00&until=2026-01-01T00:00:00"
    )
    assert answer.status_code == 422
    assert "must come before" in answer.text

"""A list of administration, and the report of a run over many of its objects, as files."""

import csv
import io
from collections.abc import Mapping

import httpx
import pytest
from fastapi.testclient import TestClient
from sqlmodel import select

from app.api.resource_csv import _cell
from app.app import api
from app.domain.access import Actor
from app.domain.bulk_runs import Outcome, begin_run, note_outcomes
from app.resources import listing
from app.resources.base import Column, Word
from models import db
from models.users import UserSession, UsersOutbox
from tests.support.people import sign_in

pytestmark = pytest.mark.usefixtures("databases")


def client(cookies: Mapping[str, str]) -> TestClient:
    return TestClient(api, cookies=httpx.Cookies(dict(cookies)))


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_a_file_holds_the_rows_of_every_page_that_the_address_asks_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(listing, "BATCH", 2)
    _, cookies = sign_in("ada", role="administrator")
    for name in ("berta", "cleo", "=1+1"):
        sign_in(name)
    answer = client(cookies).get("/api/admin/sessions.csv?sort=person&page=2&live=yes")
    assert answer.headers["content-disposition"] == 'attachment; filename="sessions.csv"'
    assert answer.headers["content-length"] == str(len(answer.content))
    found = rows(answer.text)
    assert [row["Person"] for row in found] == ["'=1+1", "ada", "berta", "cleo"]
    assert set(found[0]) >= {"Id", "E-mail address", "Signed in", "Browser"}
    assert found[1]["Signed in"].endswith("Z")
    narrowed = client(cookies).get("/api/admin/sessions.csv?q=berta")
    assert [row["Person"] for row in rows(narrowed.text)] == ["berta"]


def test_the_audit_log_says_who_took_what() -> None:
    user_ref, cookies = sign_in("ada", role="administrator")
    sign_in("berta")
    client(cookies).get("/api/admin/sessions.csv?q=berta&page=3")
    with db.session(db.USERS) as session:
        said = session.exec(select(UsersOutbox).where(UsersOutbox.topic == "audit")).one().payload
    assert (said["actor_ref"], said["action"], said["target_ref"]) == (
        user_ref,
        "list:export",
        "sessions",
    )
    assert said["after"]["rows"] == 1
    assert said["after"]["query"]["q"] == "berta"


def test_who_may_not_see_a_list_gets_no_file_of_it() -> None:
    assert TestClient(api).get("/api/admin/sessions.csv").status_code == 401
    _, cookies = sign_in("rosa")
    answer = client(cookies).get("/api/admin/sessions.csv")
    assert answer.status_code == 403
    assert "user:read" in answer.text
    assert client(cookies).get("/api/admin/passwords.csv").status_code == 404
    with db.session(db.USERS) as session:
        assert session.exec(select(UsersOutbox)).all() == []
        assert session.exec(select(UserSession)).one()


def test_values_read_in_a_spreadsheet_as_on_the_page() -> None:
    word = Column("state", "State", None, kind="word", words={"up": Word("Up")})
    assert [_cell(word, "up"), _cell(word, "else"), _cell(word, None)] == ["Up", "else", None]
    assert _cell(Column("n", "N", None, kind="bytes"), 5_000_000) == 5_000_000
    assert _cell(Column("n", "N", None, kind="names"), ["a", "b"]) == "a; b"
    assert _cell(Column("n", "N", None, kind="flag"), False) == "no"
    assert _cell(Column("n", "N", None, kind="json"), {"b": 1, "a": "ü"}) == '{"a": "ü", "b": 1}'


def test_a_report_is_a_file_for_whoever_began_the_run_alone() -> None:
    user_ref, cookies = sign_in("ada", role="administrator")
    ada = Actor(user_ref, "ada", "", frozenset())
    with db.session(db.PLATFORM) as session:
        ref = begin_run(session, actor=ada, resource="sessions", action="end", title="End", total=2)
        outcomes = [Outcome(1, "a", "berta", True, "done"), Outcome(2, "b", "-cleo", False, "no")]
        note_outcomes(session, actor=ada, ref=ref, outcomes=outcomes)
    answer = client(cookies).get(f"/api/admin/reports/{ref}.csv")
    assert [(row["name"], row["done"]) for row in rows(answer.text)] == [
        ("berta", "yes"),
        ("'-cleo", "no"),
    ]
    _, other = sign_in("eve", role="administrator")
    assert client(other).get(f"/api/admin/reports/{ref}.csv").status_code == 404

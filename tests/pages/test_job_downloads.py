"""What a job's page says of results that are not here fits how the job stands."""

from dataclasses import fields
from datetime import timedelta
from typing import Any

import pytest

from app.domain.job_details import JobDetail, ResultRow
from app.domain.job_queries import JobRow
from app.pages.job_downloads import has_results, is_in_danger, what_is_missing
from models.base import now


def a_detail(status: str, *states: str, **values: Any) -> JobDetail:
    row = JobRow(**{one.name: None for one in fields(JobRow)} | {"status": status})
    results = [_result(state) for state in states]
    known = {"row": row, "results": results, "results_expire_at": now()} | values
    return JobDetail(**{one.name: None for one in fields(JobDetail)} | known)


def _result(state: str) -> ResultRow:
    known = {"role": "imputed", "state": state}
    return ResultRow(**{one.name: None for one in fields(ResultRow)} | known)


@pytest.mark.parametrize("status", ["failed", "cancelled"])
def test_nothing_is_awaited_of_a_run_that_left_nothing(status: str) -> None:
    assert not has_results(a_detail(status))
    assert has_results(a_detail(status, "listed"))


def test_results_that_are_still_fetched_are_awaited() -> None:
    assert has_results(a_detail("collecting"))
    assert what_is_missing(a_detail("collecting")) == "nothing is here yet"
    assert what_is_missing(a_detail("collecting", "fetched", "listed")) == "1 file is not here yet"


def test_results_that_nobody_fetches_any_more_are_not_awaited() -> None:
    assert what_is_missing(a_detail("completed", "fetched", "remote")) == "1 file is not here"
    assert what_is_missing(a_detail("completed", "fetched", "unpacked")) == ""


def test_what_the_service_deleted_before_it_was_fetched_is_named_as_such() -> None:
    detail = a_detail("completed", "fetched", "gone", "gone", results_gone_at=now())
    assert what_is_missing(detail) == "2 files had not been fetched"


@pytest.mark.parametrize(
    ("status", "hours", "expected"),
    [("collecting", 100, False), ("collecting", 40, True), ("completed", 100, True)],
)
def test_what_is_just_being_fetched_is_no_alarm_before_its_end_is_near(
    status: str, hours: int, expected: bool
) -> None:
    until = now() + timedelta(hours=hours)
    assert is_in_danger(a_detail(status, "listed", results_expire_at=until)) is expected

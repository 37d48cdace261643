"""What somebody else has changed is not overwritten unseen."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from app.domain.errors import Conflict
from app.domain.versions import check_version, version_of

MOMENT = datetime(2026, 3, 1, 12, 0, 0, 7, tzinfo=UTC)


def test_a_version_is_the_same_in_every_time_zone() -> None:
    elsewhere = MOMENT.astimezone(timezone(timedelta(hours=3)))
    assert version_of(elsewhere) == version_of(MOMENT) == "2026-03-01T12:00:00.000007+00:00"
    check_version(elsewhere, version_of(MOMENT), "Demo")


@pytest.mark.parametrize(
    ("now", "seen"), [(MOMENT + timedelta(microseconds=1), MOMENT), (8, 7), (1, MOMENT)]
)
def test_what_has_moved_on_is_a_conflict_that_names_it(
    now: datetime | int, seen: datetime | int
) -> None:
    with pytest.raises(Conflict, match="Demo has been changed"):
        check_version(now, version_of(seen), "Demo")


def test_a_form_without_a_version_overwrites_nothing() -> None:
    with pytest.raises(Conflict):
        check_version(MOMENT, "", "Demo")

"""What a service's limits are, in words, and when each was last confirmed with the service."""

from datetime import date, timedelta

import pytest

from app.domain import services
from app.domain.errors import Invalid
from app.domain.service_limits import limit_facts
from app.states.service_form import fields_of, form_of
from models import db
from models.base import now
from tests.domain.test_services import ADMIN, add, fields

LONG_AGO = date(2020, 1, 1)


def change(ref: str, **values) -> services.ServiceRow:
    with db.session(db.REGISTRY) as session:
        return services.change_service(
            session, actor=ADMIN, service_ref=ref, fields=fields(**values)
        )


def test_a_changed_limit_is_confirmed_today_and_the_others_keep_their_days(databases):
    limits = {"max_samples": 500, "max_files": 25}
    row = add(limits=limits, limits_confirmed={"max_samples": LONG_AGO, "max_files": LONG_AGO})
    changed = change(row.ref, limits=limits | {"max_files": 22})
    today = now().date().isoformat()
    assert changed.limits_confirmed == {"max_samples": "2020-01-01", "max_files": today}
    assert change(row.ref, limits=limits | {"max_files": 22}).limits_confirmed == (
        changed.limits_confirmed
    )
    # That there is no limit any more was a decision, too.
    assert change(row.ref, limits={"max_files": 22}).limits_confirmed["max_samples"] == today


def test_the_box_of_the_form_confirms_all_limits_that_were_left_as_they_are(databases):
    row = add(limits={"max_samples": 500}, limits_confirmed={"max_samples": LONG_AGO})
    ticked = fields_of(
        form_of(row) | {"confirm_limits": "on"}, base_url=row.base_url, api_type="wes"
    )
    with db.session(db.REGISTRY) as session:
        row = services.change_service(session, actor=ADMIN, service_ref=row.ref, fields=ticked)
    today = now().date()
    assert set(row.limits_confirmed.values()) == {today.isoformat()}
    texts = [fact.text for fact in limit_facts(row.limits, row.limits_confirmed, today=today)]
    assert "at most 500 samples per job" in texts
    assert "any number of files" in texts


def test_a_limit_that_nobody_confirmed_or_long_ago_says_so():
    today = date(2026, 1, 1)
    confirmed = {
        "max_files": (today - timedelta(days=180)).isoformat(),
        "max_downloads": (today - timedelta(days=181)).isoformat(),
    }
    limits = {"max_samples": 25_000, "max_files": 1, "max_downloads": 50}
    limits |= {"max_file_bytes": 5 * 1024**3}
    facts = {fact.name: fact for fact in limit_facts(limits, confirmed, today=today)}
    assert facts["max_samples"].text == "at most 25,000 samples per job"
    assert facts["max_samples"].confirmed_on is None
    assert (facts["max_files"].text, facts["max_files"].is_old) == ("at most 1 file per job", False)
    assert facts["max_downloads"].is_old
    assert facts["max_file_bytes"].text == "at most 5 GiB per file"


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"limits": {"min_samples": 20, "max_samples": 10}}, "fewest samples"),
        ({"limits_confirmed": {"max_simples": LONG_AGO}}, "no limit"),
        ({"limits_confirmed": {"max_samples": now().date() + timedelta(days=2)}}, "future"),
    ],
)
def test_limits_that_cannot_be_are_refused(values, message):
    with pytest.raises(Invalid, match=message):
        fields(**values)

"""The history of a thing is read from the audit log, in words."""

from dataclasses import replace

import pytest

from app.domain import audit
from app.domain.access import WORKER, Actor
from app.domain.differences import differences
from app.domain.errors import NotAllowed
from app.domain.outbox import audit_entry
from models import db

ADA = replace(WORKER, user_ref="ada", name="Ada", correlation_ref="act1", client_agent="Firefox")
NOBODY = Actor("u", "Noa", "noa@lab.example", frozenset({"service:read"}))


def note(event_ref: str, target_ref: str, **said: object) -> None:
    entry = audit_entry(
        actor=ADA, action="service.change", target_type="service", target_ref=target_ref, **said
    )
    with db.session(db.PLATFORM) as session:
        audit.receive(session, event_ref=event_ref, payload=entry)


def test_the_history_of_a_thing_holds_what_was_done_to_it_the_newest_first(databases: None) -> None:
    note("e1", "s1", after={"name": "Michigan"})
    note("e2", "s1", before={"name": "Michigan"}, after={"name": "MIS"}, reason="shorter")
    note("e3", "another")
    with db.session(db.PLATFORM) as session:
        newest, oldest = audit.history_of(
            session, actor=ADA, target_type="service", target_ref="s1"
        )
        assert (newest.actor_name, newest.reason, newest.correlation_ref) == (
            "Ada",
            "shorter",
            "act1",
        )
        assert [(one.field, one.before, one.after) for one in newest.differences] == [
            ("name", "Michigan", "MIS")
        ]
        assert [one.before for one in oldest.differences] == ["—"]
        with pytest.raises(NotAllowed):
            audit.history_of(session, actor=NOBODY, target_type="service", target_ref="s1")


def test_a_difference_names_each_field_that_differs_and_no_other() -> None:
    before = {"is_active": True, "limits": {"max_samples": 10, "max_jobs": 2}, "tags": ["a"]}
    after = {"is_active": False, "limits": {"max_samples": 20, "max_jobs": 2}, "tags": ["a", "b"]}
    assert [(one.field, one.before, one.after) for one in differences(before, after)] == [
        ("is active", "yes", "no"),
        ("limits: max samples", "10", "20"),
        ("tags", "a", "a, b"),
    ]
    assert differences(before, before) == ()

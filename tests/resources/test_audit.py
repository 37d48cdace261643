"""The audit log as a list: what belongs to one act is found at once, and nothing can be changed."""

from dataclasses import replace

import pytest

from app.domain import audit
from app.domain.access import WORKER, Actor
from app.domain.errors import NotAllowed
from app.domain.outbox import audit_entry
from app.resources.audit import AUDIT
from app.resources.listing import Row, get_row, list_rows
from app.resources.wish import wish_of
from models import db

pytestmark = pytest.mark.usefixtures("databases")

ADA = replace(WORKER, user_ref="ada", name="Ada", correlation_ref="act1")


def note(event_ref: str, action: str, actor: Actor = ADA, target_ref: str = "s1") -> None:
    entry = audit_entry(
        actor=actor,
        action=action,
        target_type="service",
        target_ref=target_ref,
        before={"limits": {"samples": 1}},
        after={"limits": {"samples": 2}},
    )
    with db.session(db.PLATFORM) as session:
        audit.receive(session, event_ref=event_ref, payload=entry)


def rows(**query: str) -> list[Row]:
    with db.session(db.PLATFORM) as session:
        wish = wish_of(AUDIT, query)
        return list(list_rows(session, actor=ADA, resource=AUDIT, wish=wish).rows)


def refs(**query: str) -> list[str]:
    return [row.ref for row in rows(**query)]


def test_all_that_one_act_did_and_all_that_was_done_to_one_thing_is_one_address_away() -> None:
    note("e1", "service.change")
    note("e2", "service.pause", replace(ADA, correlation_ref="act2"))
    note("e3", "service.pause", target_ref="s2")
    assert refs(act="act1") == ["e3", "e1"]
    assert refs(act="act") == []
    assert refs(kind="service", target="s1") == ["e2", "e1"]
    assert refs(what="service.pause") == ["e3", "e2"]
    assert rows()[0].hrefs["object"] == "/admin/services/s2"
    with db.session(db.PLATFORM) as session:
        row = get_row(session, actor=ADA, resource=AUDIT, ref="e1")
    assert row.hrefs["act"] == "/admin/audit?act=act1"


def test_what_is_offered_to_narrow_by_is_what_the_log_holds() -> None:
    assert offered_actions() == []
    for number, action in enumerate(("user.add", "job.cancel", "user.add")):
        note(f"e{number}", action)
    assert offered_actions() == ["job.cancel", "user.add"]


def offered_actions() -> list[str]:
    what = next(one for one in AUDIT.filters if one.name == "what")
    assert callable(what.choices)
    with db.session(db.PLATFORM) as session:
        return list(what.choices(session, ADA))


def test_an_entry_says_what_changed_and_offers_no_action() -> None:
    note("e1", "service.change")
    with db.session(db.PLATFORM) as session:
        assert audit.changes_of(session, ADA, ["e1"]) == {"e1": "limits: samples: 1 → 2"}
    assert rows()[0].actions == []


def test_who_may_not_read_the_log_learns_nothing_of_it() -> None:
    note("e1", "service.change")
    nobody = replace(ADA, permissions=frozenset({"user:read"}))
    with db.session(db.PLATFORM) as session, pytest.raises(NotAllowed):
        list_rows(session, actor=nobody, resource=AUDIT, wish=wish_of(AUDIT, {}))
    with db.session(db.PLATFORM) as session, pytest.raises(NotAllowed):
        audit.changes_of(session, nobody, ["e1"])

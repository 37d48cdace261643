"""Terms: versions that are only added, what must be accepted, and who accepted what."""

from typing import Any

import pytest

from app.domain import panels, services, submissions, terms, terms_acceptances
from app.domain.access import Actor
from app.domain.errors import Invalid, NotAllowed
from app.domain.panel_changes import PanelFields, upsert_panel
from app.domain.service_fields import parse_fields, parse_service
from app.domain.terms import Terms
from models import db
from models.base import new_ref
from tests.support.submitting import DATASET, RECIPE, actor

ADMIN = actor("Rosa", "administrator")
ADA = actor("Ada")


@pytest.fixture
def service_ref(databases) -> str:
    with db.session(db.REGISTRY) as session:
        fields = parse_service({"name": "Michigan", "base_url": "https://mis.example.org"})
        return services.add_service(session, actor=ADMIN, fields=fields).ref


@pytest.fixture
def panel_ref(service_ref: str) -> str:
    with db.session(db.REGISTRY) as session:
        fields = parse_fields(PanelFields, {"panel_id": "h", "name": "HapMap", "recipe": RECIPE})
        return upsert_panel(session, actor=ADMIN, service_ref=service_ref, fields=fields).ref


def say(service_ref: str, text: str = "", *, who: Actor = ADMIN, **more: str) -> Terms | None:
    with db.session(db.REGISTRY) as session:
        return terms.set_terms(session, actor=who, service_ref=service_ref, text=text, **more)


def in_force(service_ref: str) -> list[tuple[str, int]]:
    with db.session(db.REGISTRY) as session:
        found = terms.current_terms(session, actor=ADA, service_ref=service_ref)
    return [(one.title, one.version) for one in found]


def detail(panel_ref: str) -> panels.PanelDetail:
    with db.session(db.REGISTRY) as session:
        return panels.get_panel(session, actor=ADA, panel_ref=panel_ref)


def accept(*given: Terms, who: Actor = ADA) -> None:
    with db.session(db.USERS) as session:
        terms_acceptances.accept(session, actor=who, terms=given)


def submit(panel_ref: str) -> Any:
    chosen = detail(panel_ref)
    with db.session(db.USERS) as session:
        refs = [one.ref for one in chosen.terms]
        known = terms_acceptances.accepted(session, actor=ADA, terms_refs=refs)
    with db.session(db.JOBS) as session:
        return submissions.submit(
            session,
            actor=ADA,
            name="Run",
            dataset=DATASET,
            panels=[chosen],
            parameters={},
            idempotency_key=new_ref(),
            access={},
            accepted_terms=known,
        )


def test_terms_are_versions_that_an_empty_text_ends(service_ref, panel_ref):
    say(service_ref, "Be good.")
    say(service_ref, panel_ref=panel_ref, url="https://example.org/dua")
    assert in_force(service_ref) == [("Michigan", 1), ("HapMap at Michigan", 1)]
    assert say(service_ref, " Be good. ") is None
    say(service_ref, "Be very good.")
    say(service_ref, panel_ref=panel_ref)
    assert in_force(service_ref) == [("Michigan", 2)]
    with db.session(db.REGISTRY) as session:
        past = terms.history(session, actor=ADA, service_ref=service_ref)
    assert [(one.title, one.version, one.text, one.url) for one in past] == [
        ("Michigan", 2, "Be very good.", ""),
        ("Michigan", 1, "Be good.", ""),
        ("HapMap at Michigan", 2, "", ""),
        ("HapMap at Michigan", 1, "", "https://example.org/dua"),
    ]


def test_nothing_is_submitted_before_the_current_version_of_all_terms_is_accepted(
    service_ref, panel_ref
):
    of_service = say(service_ref, "Be good.")
    of_panel = say(service_ref, "Cite us.", panel_ref=panel_ref)
    with pytest.raises(Invalid, match=r"terms of Michigan \(version 1\)"):
        submit(panel_ref)
    accept(of_service)
    with pytest.raises(Invalid, match=r"terms of HapMap at Michigan \(version 1\)"):
        submit(panel_ref)
    accept(of_panel)
    assert submit(panel_ref).name == "Run"
    say(service_ref, "Be very good.")
    with pytest.raises(Invalid, match=r"terms of Michigan \(version 2\)"):
        submit(panel_ref)


def test_who_accepted_which_version_and_when_is_kept_for_administrators(service_ref):
    first = say(service_ref, "Be good.")
    accept(first)
    accept(first)
    second = say(service_ref, "Be very good.")
    accept(second)
    with db.session(db.USERS) as session:
        rows = terms_acceptances.acceptances(session, actor=ADMIN, service_ref=service_ref)
        with pytest.raises(NotAllowed):
            terms_acceptances.acceptances(session, actor=ADA, service_ref=service_ref)
    assert [(row.user_name, row.title, row.version) for row in rows] == [
        ("Ada", "Michigan", 2),
        ("Ada", "Michigan", 1),
    ]


def test_only_who_manages_services_says_their_terms_and_a_link_is_whole(service_ref):
    with pytest.raises(NotAllowed):
        say(service_ref, "Be good.", who=ADA)
    with pytest.raises(Invalid, match="whole link"):
        say(service_ref, url="javascript:alert(1)")

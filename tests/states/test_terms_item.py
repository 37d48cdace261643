"""The terms that are asked for at a submission, and what a tick accepts."""

import asyncio
from collections.abc import Sequence

from app.domain import panels, services, terms, terms_acceptances
from app.domain.panel_changes import PanelFields, upsert_panel
from app.domain.panels import PanelDetail
from app.domain.service_fields import parse_fields, parse_service
from app.states.terms_item import TICK, accept_ticked, accepted_of, grouped, terms_asked
from models import db
from tests.support.submitting import RECIPE, actor

ADMIN = actor("Rosa", "administrator")
ADA = actor("Ada")
DUA = "I will not try to identify anybody."


def service(name: str) -> str:
    with db.session(db.REGISTRY) as session:
        given = parse_service({"name": name, "base_url": f"https://{name.lower()}.example.org"})
        return services.add_service(session, actor=ADMIN, fields=given).ref


def panel(service_ref: str, name: str, text: str) -> str:
    given = {"panel_id": name.lower(), "name": name, "recipe": RECIPE}
    with db.session(db.REGISTRY) as session:
        fields = parse_fields(PanelFields, given)
        ref = upsert_panel(session, actor=ADMIN, service_ref=service_ref, fields=fields).ref
        terms.set_terms(
            session, actor=ADMIN, service_ref=service_ref, panel_ref=ref, text=text, url=""
        )
    return ref


def details(refs: Sequence[str]) -> list[PanelDetail]:
    with db.session(db.REGISTRY) as session:
        return [panels.get_panel(session, actor=ADA, panel_ref=ref) for ref in refs]


def asked(*refs: str) -> list[tuple[str, str]]:
    found = asyncio.run(terms_asked(ADA, details(refs)))
    return [(item["title"], item["text"]) for item in found]


def on_the_service_s_page(service_ref: str) -> list[tuple[str, bool]]:
    with db.session(db.REGISTRY) as session:
        found = terms.current_terms(session, actor=ADA, service_ref=service_ref)
    known = asyncio.run(accepted_of(ADA, found))
    return [(item["title"], bool(item["accepted_at"])) for item in grouped(found, known)]


def test_one_tick_accepts_the_same_terms_for_all_panels_of_a_service(databases: object) -> None:
    here, there = service("Michigan"), service("TOPMed")
    first, second, third = (panel(here, name, DUA) for name in ("HapMap", "HRC", "CAAPA"))
    other = panel(here, "Asia", "Cite us.")
    elsewhere = panel(there, "r3", DUA)
    chosen = (first, second, other, elsewhere)
    assert asked(*chosen) == [
        ("HapMap, HRC at Michigan", DUA),
        ("Asia at Michigan", "Cite us."),
        ("r3 at TOPMed", DUA),
    ]
    (shown, *_) = asyncio.run(terms_asked(ADA, details(chosen)))
    asyncio.run(accept_ticked(ADA, details(chosen), {TICK + shown["ref"]: "on"}))
    assert asked(*chosen, third) == [("Asia at Michigan", "Cite us."), ("r3 at TOPMed", DUA)]
    assert on_the_service_s_page(here) == [
        ("Asia at Michigan", False),
        ("CAAPA, HapMap, HRC at Michigan", True),
    ]
    with db.session(db.USERS) as session:
        rows = terms_acceptances.acceptances(session, actor=ADMIN, service_ref=here)
    assert {(row.title, row.version) for row in rows} == {
        ("HapMap at Michigan", 1),
        ("HRC at Michigan", 1),
        ("CAAPA at Michigan", 1),
    }

"""Bringing a service's panels here: what is shown first, what is done, and what people keep."""

from dataclasses import replace

import pytest
from sqlmodel import select

from app.connectors.offers import OfferedParameter, PanelOffer
from app.domain import panel_changes, panel_sync, panels, services, terms
from app.domain.access import ROLES, Actor
from app.domain.errors import Conflict, NotAllowed
from app.domain.panel_changes import PanelFields
from app.domain.panel_sync import PanelDiff
from app.domain.service_fields import parse_fields, parse_service
from models import db
from models.registry import RegistryOutbox

FORM = (
    OfferedParameter("files", "Input files", "local_folder"),
    OfferedParameter("phasing", "Phasing", "list", "eagle", {"eagle": "Eagle", "no": "None"}),
)
HAPMAP = PanelOffer(
    panel_id="apps@hapmap2@1.0",
    name="HapMap 2",
    build="hg19",
    sample_count=60,
    application="imputationserver2",
    application_version="2.0.11",
    populations={"eur": "EUR", "afr": "AFR"},
    parameters=FORM,
    terms=("I will not re-identify anybody.",),
)
TOPMED = replace(HAPMAP, panel_id="apps@topmed@3", name="TOPMed r3", terms=())


def actor(role: str) -> Actor:
    return Actor(user_ref=role, name=f"A {role}", email="", permissions=ROLES[role])


ADMIN = actor("administrator")


@pytest.fixture
def service_ref(databases) -> str:
    with db.session(db.REGISTRY) as session:
        fields = parse_service(
            {"name": "Michigan", "base_url": "https://mis.example.org", "api_type": "cloudgene"}
        )
        return services.add_service(session, actor=ADMIN, fields=fields).ref


def preview(service_ref: str, *offers: PanelOffer) -> PanelDiff:
    with db.session(db.REGISTRY) as session:
        return panel_sync.preview(session, actor=ADMIN, service_ref=service_ref, offers=offers)


def apply(service_ref: str, *offers: PanelOffer, **wish) -> PanelDiff:
    with db.session(db.REGISTRY) as session:
        return panel_sync.apply(
            session, actor=ADMIN, service_ref=service_ref, offers=offers, **wish
        )


def listed(service_ref: str) -> dict[str, panels.PanelDetail]:
    with db.session(db.REGISTRY) as session:
        rows = panels.list_panels(session, actor=ADMIN, service_ref=service_ref)
        return {
            row.panel_id: panels.get_panel(session, actor=ADMIN, panel_ref=row.ref) for row in rows
        }


def in_force(service_ref: str) -> list[terms.Terms]:
    with db.session(db.REGISTRY) as session:
        return terms.current_terms(session, actor=ADMIN, service_ref=service_ref)


def edit(service_ref: str, detail: panels.PanelDetail, **values) -> None:
    said = {name: getattr(detail.row, name, None) for name in PanelFields.model_fields}
    given = {**said, "recipe": dict(detail.recipe), **values}
    with db.session(db.REGISTRY) as session:
        panel_changes.upsert_panel(
            session, actor=ADMIN, service_ref=service_ref, fields=parse_fields(PanelFields, given)
        )


def ids(changes) -> list[str]:
    return [one.panel_id for one in changes]


def test_a_preview_changes_nothing_and_the_chosen_panels_come_with_recipe_and_terms(service_ref):
    seen = preview(service_ref, HAPMAP, TOPMED)
    assert ids(seen.new) == [HAPMAP.panel_id, TOPMED.panel_id]
    assert listed(service_ref) == {}
    done = apply(
        service_ref,
        HAPMAP,
        TOPMED,
        panel_ids=[HAPMAP.panel_id],
        previewed=seen.fingerprint,
    )
    assert ids(done.new) == [HAPMAP.panel_id]
    (detail,) = listed(service_ref).values()
    assert (detail.row.build, detail.row.population) == ("GRCh37", "EUR, AFR")
    assert detail.recipe["workflow_params"]["refpanel"] == HAPMAP.panel_id
    (agreed,) = in_force(service_ref)
    assert (agreed.title, agreed.text) == ("HapMap 2 at Michigan", HAPMAP.terms[0])
    assert ids(preview(service_ref, HAPMAP, TOPMED).unchanged) == [HAPMAP.panel_id]


def test_only_what_the_service_says_otherwise_changes_and_what_people_decided_stays(service_ref):
    apply(service_ref, HAPMAP)
    detail = listed(service_ref)[HAPMAP.panel_id]
    results = [{"pattern": "*.dose.zip", "role": "imputed", "required": True}]
    edit(
        service_ref,
        detail,
        name="Our HapMap",
        identity="hapmap2",
        is_active=False,
        recipe={**detail.recipe, "results": results},
    )
    phasing = replace(FORM[1], choices={"eagle": "Eagle", "beagle": "Beagle", "no": "None"})
    later = replace(
        HAPMAP,
        name="HapMap II",
        sample_count=90,
        application_version="2.0.12",
        parameters=(FORM[0], phasing),
    )
    (change,) = preview(service_ref, later).changed
    told = {one.name: (one.before, one.after, one.stays) for one in change.changes}
    assert told == {
        "Name": ("HapMap 2", "HapMap II", "Our HapMap"),
        "Samples": ("60", "90", ""),
        "Application": ("imputationserver2 2.0.11", "imputationserver2 2.0.12", ""),
        "Field “Phasing”": (
            "Eagle, None; by default Eagle",
            "Eagle, Beagle, None; by default Eagle",
            "",
        ),
    }
    apply(service_ref, later)
    detail = listed(service_ref)[HAPMAP.panel_id]
    assert (detail.row.name, detail.row.identity) == ("Our HapMap", "hapmap2")
    assert not detail.row.is_active
    assert detail.row.sample_count == 90
    assert detail.recipe["workflow_type_version"] == "2.0.12"
    assert detail.recipe["parameters"][0]["choices"] == ["eagle", "beagle", "no"]
    assert [one["pattern"] for one in detail.recipe["results"]] == ["*.dose.zip"]
    assert [one.version for one in in_force(service_ref)] == [1]


def test_a_panel_that_vanished_is_retired_and_comes_back_the_same(service_ref):
    apply(service_ref, HAPMAP, TOPMED)
    before = listed(service_ref)[TOPMED.panel_id].row.ref
    assert ids(preview(service_ref, HAPMAP).gone) == [TOPMED.panel_id]
    apply(service_ref, HAPMAP)
    assert ids(preview(service_ref, HAPMAP).gone) == []
    assert [*listed(service_ref)] == [HAPMAP.panel_id]
    assert ids(preview(service_ref, HAPMAP, TOPMED).returning) == [TOPMED.panel_id]
    apply(service_ref, HAPMAP, TOPMED)
    assert listed(service_ref)[TOPMED.panel_id].row.ref == before


def test_a_panel_that_people_retired_or_made_themselves_is_left_to_them(service_ref):
    apply(service_ref, HAPMAP)
    with db.session(db.REGISTRY) as session:
        ref = listed(service_ref)[HAPMAP.panel_id].row.ref
        panel_changes.retire_panel(session, actor=ADMIN, panel_ref=ref)
        own = parse_fields(PanelFields, {"panel_id": "own", "name": "Own"})
        panel_changes.upsert_panel(session, actor=ADMIN, service_ref=service_ref, fields=own)
    (stays,) = preview(service_ref, HAPMAP).unchanged
    assert stays.note == "Somebody retired it here: it stays retired."
    apply(service_ref, HAPMAP)
    assert [*listed(service_ref)] == ["own"]


def test_changed_terms_are_a_new_version(service_ref):
    apply(service_ref, HAPMAP)
    apply(service_ref, replace(HAPMAP, terms=(*HAPMAP.terms, "I will report any release.")))
    (agreed,) = in_force(service_ref)
    assert agreed.version == 2
    assert agreed.text == f"{HAPMAP.terms[0]}\n\nI will report any release."


def test_a_preview_that_is_no_longer_true_is_refused(service_ref):
    seen = preview(service_ref, HAPMAP)
    apply(service_ref, HAPMAP)
    with pytest.raises(Conflict, match="Preview them again"):
        apply(service_ref, HAPMAP, previewed=seen.fingerprint)


def test_every_panel_that_is_brought_here_is_in_the_audit_log(service_ref):
    apply(service_ref, HAPMAP, TOPMED)
    with db.session(db.REGISTRY) as session:
        rows = session.exec(select(RegistryOutbox).where(RegistryOutbox.topic == "audit")).all()
        told = [(row.payload["action"], row.payload["target_name"]) for row in rows]
    assert ("panel.add", "Michigan: HapMap 2") in told
    assert ("panel.add", "Michigan: TOPMed r3") in told
    assert ("terms.change", "HapMap 2 at Michigan") in told


def test_a_researcher_may_not_bring_panels_here(service_ref):
    with pytest.raises(NotAllowed), db.session(db.REGISTRY) as session:
        panel_sync.preview(
            session, actor=actor("researcher"), service_ref=service_ref, offers=[HAPMAP]
        )


def test_a_change_of_the_form_that_nobody_fills_in_is_told_and_followed(service_ref):
    apply(service_ref, HAPMAP)
    other = replace(HAPMAP, parameters=(replace(FORM[0], name="input_files"), *FORM[1:]))
    (changed,) = preview(service_ref, other).changed
    assert [(one.name, one.after) for one in changed.changes] == [
        ("The rest of its form", "changed")
    ]
    apply(service_ref, other)
    fields = listed(service_ref)[HAPMAP.panel_id].recipe["workflow_params"]
    assert fields["input_files"] == "${inputs}"
    assert "files" not in fields
    assert preview(service_ref, other).to_apply == []

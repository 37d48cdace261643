"""Panels: who may change them, what is accepted, and which can be chosen."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import text
from sqlmodel import select

from app.domain import credentials, panel_changes, panels, services
from app.domain.access import ROLES, Actor
from app.domain.credentials import tokens_in_use
from app.domain.errors import Conflict, Invalid, NotAllowed, NotFound
from app.domain.panel_changes import PanelFields
from app.domain.service_fields import parse_fields, parse_service
from models import db
from models.users import ServiceCredential

RECIPE = {
    "workflow_url": "https://example.org/impute.cwl",
    "workflow_type": "CWL",
    "workflow_type_version": "v1.2",
    "workflow_params": {"target": "${input}", "panel": "${panel.PATH}"},
    "panel": {"PATH": "/panels/hapmap2.vcf.gz"},
    "results": [{"pattern": "*.vcf.gz", "role": "imputed", "required": True}],
}
NOBODY = Actor(user_ref="", name="", email="", permissions=frozenset())


def actor(role: str) -> Actor:
    return Actor(user_ref=role, name=f"A {role}", email="", permissions=ROLES[role])


ADMIN = actor("administrator")


def add_service(name: str = "Node") -> str:
    with db.session(db.REGISTRY) as session:
        fields = parse_service(
            {"name": name, "base_url": "https://wes.example.org", "country": "ZA"}
        )
        return services.add_service(session, actor=ADMIN, fields=fields).ref


def fields(**values) -> PanelFields:
    given = {"panel_id": "hapmap2", "name": "HapMap 2", "build": "hg19", "recipe": RECIPE}
    return parse_fields(PanelFields, given | values)


def upsert(service_ref: str, **values) -> panels.PanelRow:
    with db.session(db.REGISTRY) as session:
        return panel_changes.upsert_panel(
            session, actor=ADMIN, service_ref=service_ref, fields=fields(**values)
        )


def listed(who: Actor = ADMIN, **filters) -> list[panels.PanelRow]:
    with db.session(db.REGISTRY) as session:
        return panels.list_panels(session, actor=who, **filters)


def retire(panel_ref: str) -> None:
    with db.session(db.REGISTRY) as session:
        panel_changes.retire_panel(session, actor=ADMIN, panel_ref=panel_ref, reason="Replaced")


def set_health(health_status: str) -> None:
    with db.session(db.REGISTRY) as session:
        session.connection().execute(
            text("UPDATE imputation_services SET health_status = :it"), {"it": health_status}
        )


def choice(who: Actor) -> panels.PanelChoice:
    with db.session(db.USERS) as session:
        tokens = tokens_in_use(session, actor=who)
    with db.session(db.REGISTRY) as session:
        (found,) = panels.panels_to_choose(session, actor=who, tokens=tokens)
        return found


@pytest.mark.parametrize("role", sorted(ROLES))
def test_every_role_sees_panels_and_only_managers_and_administrators_change_them(databases, role):
    service = add_service()
    panel, who = upsert(service).ref, actor(role)
    assert [row.panel_id for row in listed(who)] == ["hapmap2"]
    writes = [
        lambda s: panel_changes.upsert_panel(s, actor=who, service_ref=service, fields=fields()),
        lambda s: panel_changes.retire_panel(s, actor=who, panel_ref=panel),
        lambda s: panel_changes.restore_panel(s, actor=who, panel_ref=panel),
    ]
    for write in writes:
        with db.session(db.REGISTRY) as session:
            if role in ("administrator", "service_manager"):
                write(session)
            else:
                with pytest.raises(NotAllowed):
                    write(session)


def test_nobody_without_a_role_sees_a_panel_and_only_those_who_submit_choose_one(databases):
    panel = upsert(add_service()).ref
    with db.session(db.REGISTRY) as session:
        for read in (panels.list_panels, panels.panel_filters):
            with pytest.raises(NotAllowed):
                read(session, actor=NOBODY)
        with pytest.raises(NotAllowed):
            panels.get_panel(session, actor=NOBODY, panel_ref=panel)
        with pytest.raises(NotAllowed):
            panels.panels_to_choose(session, actor=actor("viewer"), tokens={})


def test_a_panel_s_name_at_the_service_is_one_panel_however_often_it_is_saved(databases):
    service = add_service()
    first = upsert(service)
    second = upsert(service, name="HapMap phase 2", sample_count=60)
    assert second.ref == first.ref
    assert [(row.name, row.sample_count) for row in listed()] == [("HapMap phase 2", 60)]
    other = upsert(add_service("Another"))
    assert other.ref != first.ref


def test_adding_a_panel_never_overwrites_one_that_exists(databases):
    service = add_service()
    upsert(service)
    with db.session(db.REGISTRY) as session, pytest.raises(Conflict, match="open that one"):
        panel_changes.upsert_panel(
            session,
            actor=ADMIN,
            service_ref=service,
            fields=fields(name="Other"),
            only_new=True,
        )
    assert [row.name for row in listed()] == ["HapMap 2"]


@pytest.mark.parametrize(
    ("given", "kept"), [("hg19", "GRCh37"), ("b38", "GRCh38"), ("GRCh38", "GRCh38"), ("x", "x")]
)
def test_builds_are_kept_under_one_name_each(given, kept):
    assert fields(build=given).build == kept


def test_a_wrong_recipe_is_refused_and_the_place_is_named(databases):
    service = add_service()
    with pytest.raises(Invalid, match="workflow_type_version") as refused:
        recipe = {key: RECIPE[key] for key in RECIPE if key != "workflow_type_version"}
        upsert(service, recipe=recipe)
    assert refused.value.field == "recipe"
    with pytest.raises(Invalid, match=r"\$\{panel\.ROAD\}"):
        upsert(service, recipe=RECIPE | {"workflow_params": {"x": "${panel.ROAD}"}})
    with pytest.raises(Invalid, match="Fill in the panel's value “PATH”"):
        upsert(service, recipe=RECIPE | {"panel": {"PATH": ""}})
    assert listed() == []


@pytest.mark.parametrize(
    ("values", "field"),
    [({"panel_id": ""}, "panel_id"), ({"name": " "}, "name"), ({"sample_count": -1}, "sample_")],
)
def test_what_cannot_be_is_refused_and_the_field_is_named(values, field):
    with pytest.raises(Invalid) as refused:
        fields(**values)
    assert refused.value.field.startswith(field)


def test_panels_are_found_by_build_population_service_and_words(databases):
    first, second = add_service("First"), add_service("Second")
    upsert(first, panel_id="a", name="H3Africa", build="GRCh38", population="African")
    upsert(second, panel_id="b", name="HRC", build="GRCh37", population="European")
    assert [row.name for row in listed(build="GRCh38")] == ["H3Africa"]
    assert [row.name for row in listed(population="European")] == ["HRC"]
    assert [row.name for row in listed(service_ref=second)] == ["HRC"]
    assert [row.name for row in listed(search="first")] == ["H3Africa"]
    with db.session(db.REGISTRY) as session:
        filters = panels.panel_filters(session, actor=ADMIN)
    assert filters.builds == ["GRCh37", "GRCh38"]
    assert filters.services == [("First", first), ("Second", second)]


def test_a_retired_panel_can_still_be_read_and_its_snapshot_stays_as_it_was(databases):
    service = add_service()
    ref = upsert(service).ref
    with db.session(db.REGISTRY) as session:
        snapshot = panels.get_panel(session, actor=ADMIN, panel_ref=ref).snapshot
    upsert(service, name="Renamed", recipe=RECIPE | {"workflow_type_version": "v1.0"})
    retire(ref)
    assert listed() == []
    with db.session(db.REGISTRY) as session:
        kept = panels.get_panel(session, actor=actor("viewer"), panel_ref=ref)
    assert kept.row.retired_at is not None
    assert snapshot["name"] == "HapMap 2"
    assert snapshot["service_ref"] == service
    assert snapshot["recipe"] == RECIPE


def test_saving_or_restoring_a_retired_panel_brings_it_back(databases):
    service = add_service()
    ref = upsert(service).ref
    retire(ref)
    with pytest.raises(Conflict):
        retire(ref)
    upsert(service)
    assert [row.ref for row in listed()] == [ref]
    retire(ref)
    with db.session(db.REGISTRY) as session:
        panel_changes.restore_panel(session, actor=ADMIN, panel_ref=ref)
    assert [row.ref for row in listed()] == [ref]


def test_the_panels_of_a_retired_service_are_retired_with_it(databases):
    service = add_service()
    upsert(service)
    with db.session(db.REGISTRY) as session:
        services.retire_service(session, actor=ADMIN, service_ref=service)
    assert listed() == []
    assert listed(include_retired=True)[0].retired_at is not None


@pytest.mark.parametrize(
    ("health_status", "can_choose", "words"),
    [
        ("up", True, ""),
        ("degraded", True, "longer"),
        ("down", True, "waits"),
        ("unknown", True, "waits"),
        ("authorisation_needed", False, "token"),
    ],
)
def test_whether_a_panel_can_be_chosen_follows_its_service_s_health(
    databases, health_status, can_choose, words
):
    upsert(add_service())
    set_health(health_status)
    found = choice(actor("researcher"))
    assert (found.can_choose, words in found.reason) == (can_choose, True)


def test_who_has_an_own_token_can_choose_where_the_lab_has_none(databases):
    service = add_service()
    upsert(service)
    set_health("authorisation_needed")
    with db.session(db.USERS) as session:
        credentials.set_token(
            session, actor=actor("researcher"), service_ref=service, token="my-token-0001"
        )
    assert choice(actor("researcher")).can_choose
    assert not choice(actor("service_manager")).can_choose


@pytest.mark.parametrize(
    ("worth", "words"),
    [
        ({"state": "refused"}, "is not accepted by this service"),
        ({"expires_at": datetime(2026, 1, 31, tzinfo=UTC)}, "has ended on 2026-01-31"),
    ],
)
def test_a_panel_whose_token_is_of_no_use_cannot_be_chosen_and_says_whose(databases, worth, words):
    service, ada = add_service(), actor("researcher")
    upsert(service)

    def save(who, *, shared: bool, **worth) -> None:
        with db.session(db.USERS) as session:
            credentials.set_token(
                session, actor=who, service_ref=service, token="a-token-0001", shared=shared
            )
            row = session.exec(
                select(ServiceCredential).where(
                    ServiceCredential.user_ref == ("" if shared else who.user_ref)
                )
            ).one()
            for name, value in worth.items():
                setattr(row, name, value)

    save(ADMIN, shared=True, **worth)
    assert not choice(ada).can_choose
    assert f"The lab's token {'for this service ' if 'ended' in words else ''}{words}" in (
        choice(ada).reason
    )
    save(ada, shared=False)
    assert choice(ada).can_choose, "one's own token is used, and nothing is known against it"
    save(ada, shared=False, **worth)
    save(ADMIN, shared=True)
    assert not choice(ada).can_choose
    assert choice(ada).reason.startswith("Your token")


def test_a_panel_without_a_recipe_or_paused_cannot_be_chosen_and_says_why(databases):
    service = add_service()
    upsert(service, recipe={})
    assert "recipe" in choice(ADMIN).reason
    upsert(service, is_active=False)
    assert "panel is not in use" in choice(ADMIN).reason
    with db.session(db.REGISTRY) as session:
        services.set_active(session, actor=ADMIN, service_ref=service, active=False)
    assert "service is not in use" in choice(ADMIN).reason
    assert not choice(ADMIN).can_choose


def test_the_audit_log_keeps_a_panel_s_changes(databases):
    service = add_service()
    ref = upsert(service).ref
    upsert(service, name="Renamed")
    retire(ref)
    with db.session(db.REGISTRY) as session:
        rows = session.connection().execute(
            text("SELECT payload FROM registry_outbox WHERE payload->>'target_type' = 'panel'")
        )
        entries = [row.payload for row in rows]
    assert [entry["action"] for entry in entries] == ["panel.add", "panel.change", "panel.retire"]
    assert (entries[1]["before"]["name"], entries[1]["after"]["name"]) == ("HapMap 2", "Renamed")
    assert entries[2]["reason"] == "Replaced"


def test_a_panel_or_service_that_does_not_exist_is_not_found(databases):
    with pytest.raises(NotFound):
        upsert("nowhere")
    with pytest.raises(NotFound):
        retire("nowhere")

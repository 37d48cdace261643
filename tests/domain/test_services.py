"""Services: who may change them, what is accepted, and what the audit log keeps."""

from dataclasses import replace

import pytest
from sqlalchemy import text

from app.domain import service_addresses, services
from app.domain.access import ROLES, Actor
from app.domain.errors import Conflict, Invalid, NotAllowed, NotFound, Outdated
from app.domain.service_fields import parse_service
from app.domain.versions import version_of
from models import db

NOBODY = Actor(user_ref="", name="", email="", permissions=frozenset())


def actor(role: str) -> Actor:
    return Actor(user_ref=role, name=f"A {role}", email="", permissions=ROLES[role])


ADMIN = actor("administrator")


def fields(**values):
    return parse_service({"name": "Node", "base_url": "https://wes.example.org/v1"} | values)


def add(**values) -> services.ServiceRow:
    with db.session(db.REGISTRY) as session:
        return services.add_service(session, actor=ADMIN, fields=fields(**values))


def listed(who: Actor = ADMIN, **filters) -> list[services.ServiceRow]:
    with db.session(db.REGISTRY) as session:
        return services.list_services(session, actor=who, **filters)


def audit() -> list[dict]:
    with db.session(db.REGISTRY) as session:
        rows = session.connection().execute(
            text("SELECT payload FROM registry_outbox WHERE topic = 'audit' ORDER BY id")
        )
        return [row.payload for row in rows]


@pytest.mark.parametrize("role", sorted(ROLES))
def test_every_role_sees_services_and_only_managers_and_administrators_change_them(databases, role):
    ref, who = add().ref, actor(role)
    assert [row.name for row in listed(who)] == ["Node"]
    writes = [
        lambda s: services.add_service(s, actor=who, fields=fields(name="Another")),
        lambda s: services.change_service(s, actor=who, service_ref=ref, fields=fields()),
        lambda s: services.set_active(s, actor=who, service_ref=ref, active=False),
        lambda s: services.retire_service(s, actor=who, service_ref=ref),
        lambda s: services.restore_service(s, actor=who, service_ref=ref),
    ]
    for write in writes:
        with db.session(db.REGISTRY) as session:
            if role in ("administrator", "service_manager"):
                write(session)
            else:
                with pytest.raises(NotAllowed):
                    write(session)


def test_nobody_without_a_role_sees_a_service(databases):
    ref = add().ref
    with pytest.raises(NotAllowed):
        listed(NOBODY)
    with db.session(db.REGISTRY) as session, pytest.raises(NotAllowed):
        services.get_service(session, actor=NOBODY, service_ref=ref)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("HTTPS://WES.Example.org:443/ga4gh/wes/v1/", "https://wes.example.org/ga4gh/wes/v1"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        (" http://[::1]:80/x ", "http://[::1]/x"),
    ],
)
def test_an_address_is_kept_in_one_spelling(given, kept):
    assert fields(base_url=given).base_url == kept


@pytest.mark.parametrize(
    "address",
    [
        "wes.example.org",
        "ftp://wes.example.org",
        "https://",
        "https://ada:secret@wes.example.org",
        "https://wes.example.org/#top",
        "https://wes.example.org/?token=secret",
        "https://wes.example.org:99999",
        "http://169.254.169.254/latest",
        "http://[fe80::1]/",
        "https://wes.example.org/a b",
    ],
)
def test_an_address_that_cannot_be_is_refused_with_the_field_and_a_cure(address):
    with pytest.raises(Invalid) as refused:
        fields(base_url=address)
    assert refused.value.field == "base_url"
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"name": "  "}, "name"),
        ({"country": "South Africa"}, "country"),
        ({"api_type": "gopher"}, "api_type"),
        ({"limits": {"max_samples": 0}}, "limits.max_samples"),
        ({"limits": {"max_simples": 5}}, "limits.max_simples"),
        ({"api_config": {"shared_folder": {"remote": "out", "local": "/mnt/wes"}}}, "remote"),
        ({"api_config": {"shared_folder": {"remote": "/out", "local": "/"}}}, "local"),
        ({"api_config": {"token": "secret"}}, "api_config.token"),
        ({"is_available": True}, "is_available"),
    ],
)
def test_what_cannot_be_is_refused_and_the_field_is_named(values, field):
    with pytest.raises(Invalid) as refused:
        fields(**values)
    assert refused.value.field.endswith(field)
    assert "secret" not in str(refused.value)


def test_a_shared_folder_may_not_reach_the_platform_s_own_data(databases, data_dir):
    folder = {"remote": "/out", "local": str(data_dir / "store")}
    with pytest.raises(Invalid, match="platform's own data"):
        fields(api_config={"shared_folder": folder})


def test_two_services_cannot_have_one_name_whatever_its_letters_and_even_retired(databases):
    first = add()
    with pytest.raises(Conflict, match="Choose another name"):
        add(name="NODE")
    with db.session(db.REGISTRY) as session:
        services.retire_service(session, actor=ADMIN, service_ref=first.ref)
    with pytest.raises(Conflict, match="Restore it"):
        add()


def test_a_new_or_moved_service_is_probed_at_once_and_a_renamed_one_is_not(databases):
    row = add()
    assert row.health_status == "unknown"
    with db.session(db.REGISTRY) as session:
        session.connection().execute(
            text(
                "UPDATE imputation_services SET health_status = 'up', is_available = true;"
                "UPDATE service_checks SET next_probe_at = now() + interval '5 minutes'"
            )
        )

    def change(**values) -> services.ServiceRow:
        with db.session(db.REGISTRY) as session:
            return services.change_service(
                session, actor=ADMIN, service_ref=row.ref, fields=fields(**values)
            )

    renamed = change(name="New name")
    assert renamed.health_status == "up"
    moved = change(name="New name", base_url="https://other.example.org")
    assert (moved.health_status, moved.is_available) == ("unknown", False)
    assert moved.next_probe_at < renamed.next_probe_at


def test_a_retired_service_is_listed_only_when_asked_for_and_comes_back_as_it_was(databases):
    ref = add(limits={"max_samples": 500}).ref
    with db.session(db.REGISTRY) as session:
        services.retire_service(session, actor=ADMIN, service_ref=ref, reason="Closed")
    assert listed() == []
    assert [row.ref for row in listed(include_retired=True)] == [ref]
    with db.session(db.REGISTRY) as session, pytest.raises(Conflict):
        services.retire_service(session, actor=ADMIN, service_ref=ref)
    with db.session(db.REGISTRY) as session:
        services.restore_service(session, actor=ADMIN, service_ref=ref)
    assert listed()[0].limits == {"max_samples": 500}


def test_search_finds_services_by_name_place_and_country_and_takes_signs_as_they_are(databases):
    add(name="ILIFU", location="Cape Town", country="za")
    add(name="Uganda ACE", location="Kampala", country="UG")
    assert [row.name for row in listed(search="cape")] == ["ILIFU"]
    assert [row.name for row in listed(search="UG")] == ["Uganda ACE"]
    assert listed(search="%") == []
    assert [row.name for row in listed(health_status="up")] == []


def test_only_those_who_change_services_see_the_connector_s_options(databases):
    add(api_config={"shared_folder": {"remote": "/out/", "local": "/mnt/wes"}})
    assert listed(actor("researcher"))[0].api_config == {}
    shared_folder = {"remote": "/out", "local": "/mnt/wes"}
    assert listed(actor("service_manager"))[0].api_config == {"shared_folder": shared_folder}


def test_the_audit_log_says_who_changed_what_from_what_to_what(databases):
    ref = add().ref
    with db.session(db.REGISTRY) as session:
        services.change_service(
            session, actor=ADMIN, service_ref=ref, fields=fields(location="Cape Town")
        )
        services.set_active(session, actor=ADMIN, service_ref=ref, active=False)
        services.retire_service(session, actor=ADMIN, service_ref=ref, reason="Closed")
        services.restore_service(session, actor=ADMIN, service_ref=ref)
    entries = audit()
    assert [entry["action"].removeprefix("service.") for entry in entries] == [
        "add",
        "change",
        "deactivate",
        "retire",
        "restore",
    ]
    change = entries[1]
    assert (change["before"]["location"], change["after"]["location"]) == ("", "Cape Town")
    assert (change["actor_ref"], change["target_ref"]) == ("administrator", ref)
    assert entries[3]["reason"] == "Closed"


def test_a_failed_change_leaves_no_trace(databases):
    add()
    second = add(name="Second")
    with pytest.raises(Conflict), db.session(db.REGISTRY) as session:
        services.change_service(session, actor=ADMIN, service_ref=second.ref, fields=fields())
    assert [entry["action"] for entry in audit()] == ["service.add", "service.add"]


def test_a_service_that_does_not_exist_is_not_found(databases):
    with db.session(db.REGISTRY) as session:
        for call in (services.get_service, services.retire_service, services.restore_service):
            with pytest.raises(NotFound):
                call(session, actor=ADMIN, service_ref="nowhere")
        with pytest.raises(NotFound):
            service_addresses.address_of(session, service_ref="nowhere")


def test_the_second_of_two_who_change_a_service_is_told_and_undoes_nothing(databases):
    row = add()
    seen = version_of(row.updated_at)
    with db.session(db.REGISTRY) as session:
        change = {"actor": ADMIN, "service_ref": row.ref, "version": seen}
        services.change_service(session, fields=fields(location="Durban"), **change)
    with db.session(db.REGISTRY) as session, pytest.raises(Outdated, match="Node has been changed"):
        services.change_service(session, fields=fields(location="Pretoria"), **change)
    with db.session(db.REGISTRY) as session:
        assert services.get_service(session, actor=ADMIN, service_ref=row.ref).location == "Durban"


def test_whoever_manages_a_service_changes_that_one_and_no_other(databases):
    own, other = add(), add(name="Other")
    mia = replace(actor("researcher"), managed_services=frozenset({own.ref}))
    with db.session(db.REGISTRY) as session:
        services.set_active(session, actor=mia, service_ref=own.ref, active=False)
        with pytest.raises(NotAllowed):
            services.set_active(session, actor=mia, service_ref=other.ref, active=False)
        with pytest.raises(NotAllowed):
            services.add_service(session, actor=mia, fields=fields(name="Third"))

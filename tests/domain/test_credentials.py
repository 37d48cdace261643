"""Tokens for services: stored encrypted, never shown, sent only where they belong."""

import asyncio
import stat
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

import pytest
import structlog
from cryptography.fernet import Fernet
from sqlalchemy import inspect, text

from app.config import settings
from app.domain import credentials, secret_keys, services, token_sending
from app.domain.access import ROLES, Actor
from app.domain.errors import Invalid, NotAllowed, NotFound, Refused
from app.domain.service_fields import parse_service
from app.logs import configure_logs
from models import db
from workers.endpoints import endpoint_of

CANARY = "canary-7f1e2d3c4b5a69788796-WXYZ"


def actor(role: str, user_ref: str = "") -> Actor:
    return Actor(
        user_ref=user_ref or role, name=role, email=f"{role}@lab.org", permissions=ROLES[role]
    )


def add_service(base_url: str = "https://wes.example.org/ga4gh/wes/v1", name: str = "Node") -> str:
    with db.session(db.REGISTRY) as session:
        fields = parse_service({"name": name, "base_url": base_url})
        return services.add_service(session, actor=actor("administrator"), fields=fields).ref


def set_token(who: Actor, service_ref: str, token: str, *, shared: bool = False):
    with db.session(db.USERS) as session:
        return credentials.set_token(
            session, actor=who, service_ref=service_ref, token=token, shared=shared
        )


def token_for(service_ref: str, user_ref: str = "") -> str:
    return asyncio.run(endpoint_of(service_ref, user_ref)).token


def test_a_person_s_own_token_wins_over_the_one_that_the_lab_shares(databases):
    service = add_service()
    assert token_for(service) == ""
    set_token(actor("administrator"), service, "shared-token-0001", shared=True)
    set_token(actor("researcher", "ada"), service, "token-of-ada-0002")
    assert token_for(service) == "shared-token-0001"
    assert token_for(service, "ada") == "token-of-ada-0002"
    assert token_for(service, "bob") == "shared-token-0001"


def test_a_new_token_replaces_the_old_one_and_a_forgotten_one_is_gone(databases):
    service, ada = add_service(), actor("researcher", "ada")
    set_token(ada, service, "token-of-ada-0001")
    set_token(ada, service, "token-of-ada-0002")
    assert token_for(service, "ada") == "token-of-ada-0002"
    with db.session(db.USERS) as session:
        credentials.forget_token(session, actor=ada, service_ref=service)
    assert token_for(service, "ada") == ""
    with db.session(db.USERS) as session, pytest.raises(NotFound):
        credentials.forget_token(session, actor=ada, service_ref=service)


def test_a_page_learns_the_last_four_characters_and_the_date_and_nothing_more(databases):
    service, ada = add_service(), actor("researcher", "ada")
    shown = set_token(ada, service, CANARY)
    assert {name for name, value in asdict(shown).items() if value not in ("", None)} == {
        *("service_ref", "is_shared", "last_four", "state", "verify_due_at", "updated_at")
    }
    assert shown.last_four == CANARY[-4:]
    assert set_token(ada, service, "short").last_four == ""


def test_people_see_their_own_tokens_and_managers_the_shared_ones_too(databases):
    service = add_service()
    set_token(actor("administrator"), service, "shared-token-0001", shared=True)
    set_token(actor("researcher", "ada"), service, "token-of-ada-0002")

    def seen(who: Actor) -> list[bool]:
        with db.session(db.USERS) as session:
            return [row.is_shared for row in credentials.credential_rows(session, actor=who)]

    assert seen(actor("researcher", "ada")) == [False]
    assert seen(actor("researcher", "bob")) == []
    assert seen(actor("service_manager")) == [True]


@pytest.mark.parametrize(
    ("role", "shared"), [("researcher", True), ("viewer", True), ("viewer", False)]
)
def test_who_may_not_store_or_forget_a_token_is_refused(databases, role, shared):
    service, who = add_service(), actor(role)
    with pytest.raises(NotAllowed):
        set_token(who, service, "some-token-0001", shared=shared)
    with db.session(db.USERS) as session, pytest.raises(NotAllowed):
        credentials.forget_token(session, actor=who, service_ref=service, shared=shared)


def test_nobody_without_a_role_sees_any_token(databases):
    stranger = Actor(user_ref="x", name="x", email="", permissions=frozenset())
    with db.session(db.USERS) as session, pytest.raises(NotAllowed):
        credentials.credential_rows(session, actor=stranger)


@pytest.mark.parametrize("token", ["", "  ", "two words", "line\nbreak", "é", "x" * 9000])
def test_what_cannot_be_a_token_is_refused_with_the_field(databases, token):
    service = add_service()
    with pytest.raises(Invalid) as refused:
        set_token(actor("administrator"), service, token, shared=True)
    assert refused.value.field == "token"


def test_a_token_for_a_service_that_does_not_exist_is_refused(databases):
    with pytest.raises(NotFound):
        set_token(actor("administrator"), "nowhere", "some-token-0001", shared=True)


def test_a_token_is_not_sent_to_another_host_when_the_service_moves(databases):
    service = add_service()
    set_token(actor("researcher", "ada"), service, CANARY)
    with db.session(db.REGISTRY) as session:
        fields = parse_service({"name": "Node", "base_url": "https://elsewhere.example.org"})
        services.change_service(
            session, actor=actor("service_manager"), service_ref=service, fields=fields
        )
    with pytest.raises(Refused, match=r"given for https://wes\.example\.org.*Enter the token"):
        token_for(service, "ada")
    set_token(actor("researcher", "ada"), service, "a-new-token-0001")
    assert token_for(service, "ada") == "a-new-token-0001"


def test_a_token_that_another_key_encrypted_says_that_it_must_be_entered_again(
    databases, monkeypatch
):
    service = add_service()
    set_token(actor("administrator"), service, CANARY, shared=True)
    monkeypatch.setenv("FGIP_SECRET_KEY", Fernet.generate_key().decode())
    settings.cache_clear()
    try:
        with pytest.raises(Refused, match="Enter the token again"):
            token_for(service)
    finally:
        monkeypatch.undo()
        settings.cache_clear()


def test_the_log_tells_of_an_error_without_the_values_of_variables(databases, capsys):
    configure_logs()
    token = CANARY
    try:
        raise ValueError(f"a token of {len(token)} characters")
    except ValueError:
        structlog.get_logger("apart").exception("it failed")
    finally:
        structlog.reset_defaults()
    said = "".join(capsys.readouterr())
    assert "a token of 32 characters" in said
    assert CANARY not in said


def test_an_old_key_still_reads_what_it_wrote_after_a_new_one_is_put_first(databases, monkeypatch):
    old, new = (Fernet.generate_key().decode() for _ in range(2))
    try:
        monkeypatch.setenv("FGIP_SECRET_KEY", old)
        settings.cache_clear()
        written = secret_keys.encrypt("text")
        monkeypatch.setenv("FGIP_SECRET_KEY", f"{new},{old}")
        settings.cache_clear()
        assert secret_keys.decrypt(written) == "text"
    finally:
        monkeypatch.undo()
        settings.cache_clear()


def test_the_key_on_disk_is_made_once_and_readable_by_its_owner_only(databases, data_dir: Path):
    first = secret_keys.encrypt("text")
    key = data_dir / "secret.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    kept = key.read_bytes()
    assert secret_keys.decrypt(first) == "text"
    assert key.read_bytes() == kept
    assert not list(data_dir.glob("secret.key.*"))


def test_a_token_is_nowhere_in_the_databases_nor_in_the_log(databases, caplog, capfd):
    caplog.set_level("DEBUG")
    service = add_service()
    set_token(actor("administrator"), service, CANARY, shared=True)
    set_token(actor("researcher", "ada"), service, CANARY)
    endpoint = asyncio.run(endpoint_of(service))
    assert endpoint.token == CANARY
    assert CANARY not in repr(endpoint)
    for name in db.BASES:
        for table in inspect(db.engine(name)).get_table_names():
            with db.engine(name).connect() as connection:
                found = connection.execute(
                    text(f'SELECT count(*) FROM "{table}" AS r WHERE r::text LIKE :it'),
                    {"it": f"%{CANARY[:-4]}%"},
                ).scalar_one()
            assert found == 0, f"{name}.{table} holds a token in clear"
    assert CANARY not in caplog.text
    assert CANARY not in "".join(capfd.readouterr())


def test_storing_and_forgetting_a_token_is_audited_without_it(databases):
    service, admin = add_service(), actor("administrator")
    set_token(admin, service, CANARY, shared=True)
    with db.session(db.USERS) as session:
        credentials.forget_token(session, actor=admin, service_ref=service, shared=True)
    with db.session(db.USERS) as session:
        rows = session.connection().execute(
            text("SELECT payload FROM users_outbox WHERE topic = 'audit' ORDER BY id")
        )
        entries = [row.payload for row in rows]
    assert [entry["action"] for entry in entries] == ["credential.set", "credential.forget"]
    assert entries[0]["target_name"] == "Node"
    assert CANARY[-4:] not in str(entries)


def test_an_address_that_is_tested_gets_the_shared_token_only_if_it_is_the_service_s(databases):
    service, manager = add_service(), actor("service_manager")
    set_token(manager, service, CANARY, shared=True)

    def token_at(base_url: str, service_ref: str) -> str:
        with db.session(db.USERS) as session:
            return token_sending.endpoint_to_test(
                session, actor=manager, base_url=base_url, service_ref=service_ref
            ).token

    assert token_at("https://WES.example.org/other/path/", service) == CANARY
    assert token_at("https://new.example.org", "") == ""
    with pytest.raises(Refused):
        token_at("https://evil.example.org", service)
    with pytest.raises(Invalid):
        token_at("evil", service)


def test_only_those_who_change_services_test_an_address(databases):
    with db.session(db.USERS) as session, pytest.raises(NotAllowed):
        token_sending.endpoint_to_test(
            session, actor=actor("researcher"), base_url="https://wes.example.org"
        )


def test_what_is_shown_of_a_stored_token_is_for_those_it_concerns(databases):
    service, ada = add_service(), actor("researcher", "ada")
    set_token(ada, service, CANARY)

    def shown(who: Actor, *, shared: bool = False):
        with db.session(db.USERS) as session:
            return credentials.stored_token(session, actor=who, service_ref=service, shared=shared)

    assert shown(ada).last_four == CANARY[-4:]
    assert shown(actor("researcher", "bob")) is None
    assert shown(actor("administrator"), shared=True) is None
    with pytest.raises(NotAllowed):
        shown(ada, shared=True)


def test_the_lab_s_tokens_of_many_services_come_at_once_and_none_goes_to_another_host(databases):
    first, second, moved = (add_service(name=name) for name in ("First", "Second", "Moved"))
    for service in (first, moved):
        set_token(actor("administrator"), service, f"token-of-{service}", shared=True)
    set_token(actor("researcher", "ada"), second, "token-of-ada-0001")
    places = dict.fromkeys((first, second), "https://wes.example.org/ga4gh/wes/v1")
    with db.session(db.USERS) as session:
        places[moved] = "https://elsewhere.example.org"
        tokens = token_sending.tokens_of(session, places=places)
    assert (tokens[first], tokens[second]) == (f"token-of-{first}", "")
    refused = tokens[moved]
    assert isinstance(refused, Refused)
    assert "Enter the token again" in refused.message


def test_a_token_that_is_saved_twice_at_once_is_stored_once(databases):
    service, ada = add_service(), actor("researcher", "ada")
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: set_token(ada, service, "token-of-ada-0001"), range(8)))
    assert token_for(service, "ada") == "token-of-ada-0001"

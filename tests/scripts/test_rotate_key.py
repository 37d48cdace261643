"""The key of the secrets changes while everything goes on, and no secret is lost."""

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from sqlmodel import select

from app.config import settings
from app.domain import credentials, secret_keys
from app.domain.access import WORKER
from app.domain.key_rotation import STORES, renew_batch
from app.rotate_key import rotate
from models import db
from models.jobs import Job
from models.users import ServiceCredential
from tests.support.filling import add_service
from tests.support.processes import ROOT
from tests.support.submitting import actor, submit_one

TOKEN = "a-token-0123456789"
PASSWORD = "an-archive-password"
TOKENS = STORES[0]


@pytest.fixture
def key(databases: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An installation with a key of its own, with a token and a password under it."""
    monkeypatch.setenv("FGIP_DATA_DIR", str(tmp_path))
    settings.cache_clear()
    save(TOKEN)
    job = submit_one()
    with db.session(db.JOBS) as session:
        row = session.exec(select(Job).where(Job.ref == job)).one()
        row.archive_password = secret_keys.encrypt(PASSWORD)
    submit_one("Without a password")
    yield tmp_path / "secret.key"
    monkeypatch.undo()
    settings.cache_clear()


def save(token: str, *names: str) -> None:
    service_ref = add_service(WORKER, f"Service {token}", "https://wes.example.org")
    for name in names or ("Rosa",):
        with db.session(db.USERS) as session:
            credentials.set_token(
                session, actor=actor(name), service_ref=service_ref, token=f"{token}-{name}"
            )


def secrets() -> list[str]:
    """All secrets, as they are read now."""
    with db.session(db.USERS) as session:
        texts = list(session.exec(select(ServiceCredential.ciphertext)))
    with db.session(db.JOBS) as session:
        texts += session.exec(select(Job.archive_password).where(Job.archive_password != ""))
    return [secret_keys.decrypt(text) for text in texts]


def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "app.rotate_key", *arguments],
        cwd=ROOT,
        env={**os.environ, "FGIP_DATA_DIR": str(settings().data_dir)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_command_puts_every_secret_under_a_new_key_and_running_processes_follow(
    key: Path,
) -> None:
    before, old = secrets(), key.read_text()
    if os.geteuid() == 0:
        os.chown(key, 65534, 65534)
    owner = key.stat().st_uid
    answer = run()
    assert answer.returncode == 0, answer.stderr
    assert "tokens: 1 encrypted anew, 0 were so already, 0 cannot be decrypted" in answer.stdout
    assert "archive passwords: 1 encrypted anew" in answer.stdout
    new, kept = key.read_text().split(",")
    assert kept == old
    assert (stat.S_IMODE(key.stat().st_mode), key.stat().st_uid) == (0o600, owner)
    assert new not in answer.stdout + answer.stderr
    assert secrets() == before, "this process reads the new key without a restart"
    Fernet(new).decrypt(secret_keys.encrypt("text"))
    rotate(drop_old=True, settled_seconds=0)
    assert key.read_text() == new
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert secrets() == before


def test_a_rotation_that_was_cut_off_goes_on_with_the_same_key(
    key: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save("more", *"abcdefgh")
    before = secrets()
    assert secret_keys.add_key()
    keys = key.read_text()
    with db.session(db.USERS) as session:
        batch = renew_batch(session, store=TOKENS, size=3)
    assert (batch.renewed, batch.current) == (3, 0)
    assert sorted(secrets()) == sorted(before)
    assert rotate() == 0
    assert key.read_text() == keys
    said = capsys.readouterr().out
    assert "it goes on" in said
    assert "tokens: 6 encrypted anew, 3 were so already, 0 cannot be decrypted" in said
    assert sorted(secrets()) == sorted(before)


def test_dropping_the_old_key_first_renews_what_still_needs_it(key: Path) -> None:
    before = secrets()
    secret_keys.add_key()
    assert rotate(drop_old=True, settled_seconds=0) == 0
    assert "," not in key.read_text()
    assert secrets() == before


def test_what_no_key_reads_is_named_and_holds_nothing_up(
    key: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with db.session(db.USERS) as session:
        lost = session.exec(select(ServiceCredential)).one()
        lost.ciphertext = Fernet(Fernet.generate_key()).encrypt(b"lost").decode()
        ref = lost.ref
    assert rotate() == 1
    said = capsys.readouterr().out
    assert f"no key reads service_credentials {ref}" in said
    assert "archive passwords: 1 encrypted anew" in said


def test_keys_of_the_settings_are_left_to_the_operator(
    key: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before, new = secrets(), Fernet.generate_key().decode()
    monkeypatch.setenv("FGIP_SECRET_KEY", f"{new},{key.read_text()}")
    settings.cache_clear()
    assert rotate() == 0
    assert "take them out of FGIP_SECRET_KEY" in capsys.readouterr().out
    monkeypatch.setenv("FGIP_SECRET_KEY", new)
    settings.cache_clear()
    assert secrets() == before

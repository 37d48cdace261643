"""The password of a job's archives is made once, kept, and hidden in what a service says."""

import re

import pytest
from cryptography.fernet import Fernet

from app.config import settings
from app.connectors.base import RunDetails, RunLog, RunState, RunStatus
from app.domain import secret_keys
from app.domain.archive_passwords import (
    HIDDEN,
    keep_password,
    new_password,
    password_of,
    without,
)
from app.domain.errors import Refused
from app.domain.secret_keys import encrypt
from models.jobs import Job

ASKS = {"recipe": {"workflow_params": {"password": "${password}"}}}


def make_job(snapshot: dict[str, object]) -> Job:
    return Job(ref="j", name="Run", panel_snapshot=snapshot)


def test_a_password_has_only_characters_that_no_shell_and_no_form_changes(databases: None) -> None:
    assert all(re.fullmatch("[A-Za-z0-9]{24}", new_password()) for _ in range(100))


def test_a_job_keeps_its_first_password_for_all_its_tries(databases: None) -> None:
    job = make_job(ASKS)
    keep_password(job)
    first = password_of(job.archive_password)
    keep_password(job)
    assert first
    assert first not in job.archive_password
    assert password_of(job.archive_password) == first


def test_a_job_whose_recipe_sends_no_password_has_none(databases: None) -> None:
    job = make_job({"recipe": {"workflow_params": {"target": "${input}"}}})
    keep_password(job)
    assert (job.archive_password, password_of("")) == ("", "")


@pytest.mark.parametrize("is_configured", [False, True])
def test_a_password_that_the_key_no_longer_opens_is_read_again_once_what_is_said_is_done(
    databases: None, monkeypatch: pytest.MonkeyPatch, is_configured: bool
) -> None:
    written = encrypt("sesame")
    file = secret_keys.key_file()
    former, present = file.read_text(), Fernet.generate_key().decode()

    def use(keys: str) -> None:
        if is_configured:
            monkeypatch.setenv("FGIP_SECRET_KEY", keys)
            settings.cache_clear()
        else:
            file.write_text(keys)

    try:
        use(present)
        with pytest.raises(Refused, match="secret key has changed") as refusal:
            password_of(written)
        told = str(refusal.value)
        assert ("to FGIP_SECRET_KEY, behind" in told) is is_configured
        assert ("to secret.key in the data folder, behind" in told) is not is_configured
        use(f"{present},{former}\n")
        assert password_of(written) == "sesame"
        assert secret_keys.decrypt(encrypt("new")) == "new"
    finally:
        file.write_text(former)
        monkeypatch.undo()
        settings.cache_clear()


def test_whatever_a_service_says_is_kept_without_the_password(databases: None) -> None:
    password = new_password()
    details = RunDetails(
        status=RunStatus("1", RunState.COMPLETE, "SUCCESS (4)", message=f"It is {password}."),
        logs=[RunLog("Compression", f"The password is: {password}\n")],
        failure=password,
    )
    kept = without(encrypt(password), details)
    assert password not in repr(kept)
    assert kept.logs[0].text == f"The password is: {HIDDEN}\n"
    assert kept.status.state is RunState.COMPLETE

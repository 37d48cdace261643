"""The passwords of results' archives: made here, and so never lost with a service's e-mail.

A job whose recipe sends `${password}` gets one before it is first sent and keeps it, encrypted, so
that a run that is sent again has the same. A service may repeat it in a log or in an error:
whatever a service says of a job passes `without` before it is stored.
"""

import secrets
import string
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

from cryptography.fernet import InvalidToken

from app.domain.errors import Refused
from app.domain.recipes import takes_password
from app.domain.secret_keys import decrypt, encrypt, how_to_add_the_former
from models.jobs import Job

# Imputation servers write it between double quotes into a shell script (imputationserver2,
# modules/local/compression), in which `$`, backquotes and quotes mean something else, and a hyphen
# may begin an option.
CHARACTERS = string.ascii_letters + string.digits
LENGTH = 24
HIDDEN = "••••"

T = TypeVar("T")


class KeyLost(Refused):
    """A stored password cannot be read, because the platform's key has changed."""


def new_password() -> str:
    """A password that nobody guesses: 24 letters and digits, which are 142 bits."""
    return "".join(secrets.choice(CHARACTERS) for _ in range(LENGTH))


def keep_password(job: Job) -> None:
    """Give a job the password that its recipe sends, once and for all its tries."""
    if not job.archive_password and takes_password(job.panel_snapshot.get("recipe", {})):
        job.archive_password = encrypt(new_password())


def password_of(ciphertext: str) -> str:
    """A job's stored password, "" where it has none. For the worker only.

    Raises `KeyLost`.
    """
    if not ciphertext:
        return ""
    try:
        return decrypt(ciphertext)
    except InvalidToken:
        raise KeyLost(
            "The password of this job's archives cannot be read, because the platform's secret key "
            f"has changed. An administrator must {how_to_add_the_former()}."
        ) from None


def without(ciphertext: str, told: T) -> T:
    """What a service told of a job, with the job's password hidden wherever it is repeated.

    Reaches into mappings, sequences and dataclasses; `ciphertext` is the password as it is stored.
    """
    if not ciphertext:
        return told
    try:
        hidden: T = _hidden(decrypt(ciphertext), told)
    except InvalidToken:
        return told
    return hidden


def _hidden(password: str, told: Any) -> Any:
    # Exactly these types: an enumeration's member is a text, too, and must stay itself.
    if type(told) is str:
        return told.replace(password, HIDDEN)
    if isinstance(told, Mapping):
        return {_hidden(password, key): _hidden(password, part) for key, part in told.items()}
    if type(told) in (list, tuple):
        return type(told)(_hidden(password, part) for part in told)
    if is_dataclass(told) and not isinstance(told, type):
        return replace(
            told,
            **{part.name: _hidden(password, getattr(told, part.name)) for part in fields(told)},
        )
    return told

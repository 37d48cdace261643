"""How passwords are judged, hashed and verified (argon2id, RFC 9106)."""

from functools import cache
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from app.domain.errors import Invalid

MIN_LENGTH = 12
MAX_LENGTH = 256

# One hash takes 64 MiB and most of a second of one core: more than two at once would let a few
# sign-ins push everything else aside.
_hashing = BoundedSemaphore(2)


@cache
def _hasher() -> PasswordHasher:
    return PasswordHasher()


@cache
def _nobodys_hash() -> str:
    return _hasher().hash("the password of nobody")


def check_strength(password: str, *, email: str) -> None:
    """Raise `Invalid` for a password that is too short, too long or easy to guess."""
    if len(password) < MIN_LENGTH:
        raise Invalid(
            f"Choose a password of at least {MIN_LENGTH} characters; three or four words are fine.",
            field="password",
        )
    if len(password) > MAX_LENGTH:
        raise Invalid(f"A password has at most {MAX_LENGTH} characters.", field="password")
    if email and email.partition("@")[0].lower() in password.lower():
        raise Invalid("Choose a password that does not contain your e-mail name.", field="password")
    if len(set(password)) < 5:
        raise Invalid("Choose a password with more different characters.", field="password")


def hash_password(password: str) -> str:
    """Return the argon2id hash of a password, with its parameters and salt."""
    with _hashing:
        return _hasher().hash(password)


def verify(password: str, password_hash: str | None) -> bool:
    """Tell whether the password is right; takes as long for an account that does not exist."""
    with _hashing:
        try:
            _hasher().verify(password_hash or _nobodys_hash(), password)
        except (VerificationError, InvalidHashError):
            return False
    return password_hash is not None


def is_outdated(password_hash: str) -> bool:
    """Tell whether a hash was made with weaker parameters than today's."""
    return _hasher().check_needs_rehash(password_hash)

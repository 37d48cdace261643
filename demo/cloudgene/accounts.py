"""People of the simulated server, and their tokens.

As in Cloudgene's AuthenticationService: a login gives an access token for a day; a user has at
most one API token, which carries a hash that is checked against the one kept for the user.
"""

import base64
import binascii
import hashlib
import hmac
import json
import secrets
import threading
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

LOGIN_LIFETIME = 86_400
API_LIFETIME_DAYS = 30
FOR_EVER = 2**31 - 1  # seconds: what `expiration=-1` asks for
ADMINISTRATOR = "admin"
API_TOKEN = "API_TOKEN"  # noqa: S105  (a kind of token)


class LoginFailed(Exception):
    """The name or the password is wrong."""


@dataclass
class User:
    """One account. Tokens issued before `valid_from` have ended early."""

    id: int
    username: str
    full_name: str
    mail: str
    salt: str
    password_hash: str
    roles: list[str] = field(default_factory=lambda: ["User"])
    api_hash: str = ""
    api_expires: float = 0
    valid_from: float = 0

    @property
    def admin(self) -> bool:
        """Whether the user may use the administrator's paths, and sees everybody's jobs."""
        return "Admin" in self.roles


class Accounts:
    """All users, kept in `users.json`; the key that signs tokens is kept beside it."""

    def __init__(self, folder: Path, *, administrator_password: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._path, key = folder / "users.json", folder / "signing.key"
        if not key.exists():
            key.touch(mode=0o600)
            key.write_bytes(secrets.token_bytes(32))
        self._key = key.read_bytes()
        self._lock = threading.Lock()
        kept = json.loads(self._path.read_text()) if self._path.exists() else []
        self._users = {user["username"]: User(**user) for user in kept}
        if administrator_password and ADMINISTRATOR not in self._users:
            self.register(
                ADMINISTRATOR, "Administrator", "", administrator_password, roles=["User", "Admin"]
            )

    def __len__(self) -> int:
        return len(self._users)

    def get(self, username: str) -> User | None:
        """Return the account with this name."""
        return self._users.get(username)

    def register(
        self, username: str, full_name: str, mail: str, password: str, *, roles: list[str]
    ) -> bool:
        """Add an active account; False where the name is taken."""
        salt = secrets.token_hex(16)
        hashed = _hash(password, salt)
        with self._lock:
            if username in self._users:
                return False
            number = len(self._users) + 1
            self._users[username] = User(number, username, full_name, mail, salt, hashed, roles)
            self._save()
        return True

    def login(self, username: str, password: str) -> str:
        """Return an access token; LoginFailed where name or password is wrong."""
        user = self._users.get(username)
        if user is None or not hmac.compare_digest(_hash(password, user.salt), user.password_hash):
            raise LoginFailed
        return self._sign(user, LOGIN_LIFETIME)

    def create_api_token(self, user: User, days: int | None) -> str:
        """Return a new API token, which ends the user's earlier one."""
        days = API_LIFETIME_DAYS if days is None else days
        seconds = FOR_EVER if days == -1 else days * LOGIN_LIFETIME
        with self._lock:
            user.api_hash = secrets.token_urlsafe(22)
            user.api_expires = time.time() + seconds
            self._save()
        return self._sign(
            user,
            seconds,
            token_type=API_TOKEN,
            api_hash=user.api_hash,
            username=user.username,
            name=user.full_name,
            mail=user.mail,
            api=True,
        )

    def revoke_api_token(self, user: User) -> None:
        """End the user's API token."""
        with self._lock:
            user.api_hash, user.api_expires = "", 0
            self._save()

    def end_tokens(self, user: User) -> None:
        """End every token that the user has, as if their time were over."""
        with self._lock:
            user.valid_from = time.time()
            self._save()

    def claims(self, token: str) -> dict[str, Any] | None:
        """Return what a token says, None where it is forged, damaged or has ended."""
        try:
            head, payload, signature = token.encode("ascii").split(b".")
            if not hmac.compare_digest(_encode(self._mac(head + b"." + payload)), signature):
                return None
            claims: dict[str, Any] = json.loads(_decode(payload))
        except (ValueError, binascii.Error):
            return None
        user = self._users.get(claims["sub"])
        ended = user is None or claims["exp"] <= time.time() or claims["iat"] < user.valid_from
        return None if ended else claims

    def is_current_api_token(self, claims: dict[str, Any]) -> bool:
        """Return whether these are the claims of the one API token that its user has now."""
        user = self._users[claims["sub"]]
        return bool(user.api_hash) and claims.get("api_hash") == user.api_hash

    def _sign(self, user: User, lifetime: float, **attributes: Any) -> str:
        issued = time.time()
        head = {"alg": "HS256"}
        claims = {"sub": user.username, "nbf": int(issued), "roles": user.roles, "iss": "cloudgene"}
        claims |= attributes | {"exp": int(issued + lifetime), "iat": issued}
        text = b".".join(_encode(json.dumps(part).encode()) for part in (head, claims))
        return (text + b"." + _encode(self._mac(text))).decode()

    def _mac(self, text: bytes) -> bytes:
        return hmac.digest(self._key, text, "sha256")

    def _save(self) -> None:
        new = self._path.with_suffix(".new")
        new.touch(mode=0o600)
        new.write_text(json.dumps([asdict(user) for user in self._users.values()]))
        new.replace(self._path)


def _hash(password: str, salt: str) -> str:
    return hashlib.scrypt(password.encode(), salt=salt.encode(), n=2**12, r=8, p=1).hex()


def _encode(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def _decode(text: bytes) -> bytes:
    return base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4))

"""The keys with which secrets in the databases are encrypted (Fernet), and how they change.

They are in `secret.key` in the data folder, or in `FGIP_SECRET_KEY`, beside which that file counts
for nothing: several are separated by commas, the first one encrypts and each decrypts. The file is
looked at for each use, so that every process follows a change of it at once, and read again only
when it has changed.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from app.config import settings
from app.domain.errors import Refused


def encrypt(plain: str) -> str:
    """Encrypt a text with the newest key."""
    return _cipher().encrypt(plain.encode()).decode()


def decrypt(ciphertext: str) -> str:
    """Decrypt what `encrypt` made with any of the keys; `InvalidToken` if none fits."""
    return _cipher().decrypt(ciphertext.encode()).decode()


def renewed(ciphertext: str) -> str:
    """The same secret under the newest key, or the same text if it is so already.

    Raises `InvalidToken` if none of the keys fits.
    """
    try:
        Fernet(_split(_keys())[0]).decrypt(ciphertext.encode())
    except InvalidToken:
        return _cipher().rotate(ciphertext.encode()).decode()
    return ciphertext


def key_count() -> int:
    """How many keys there are."""
    return len(_split(_keys()))


def add_key() -> bool:
    """Put a new key in front of the one on disk; false if that has been begun already.

    Raises `Refused` where the keys are in the settings, which are not ours to change.
    """
    with _changing() as path:
        keys = path.read_text()
        if len(_split(keys)) > 1:
            return False
        _replace(path, f"{Fernet.generate_key().decode()},{keys}")
        return True


def drop_old_keys() -> int:
    """Keep only the newest key on disk; return how many were dropped. `Refused` as `add_key`."""
    with _changing() as path:
        newest, *old = _split(path.read_text())
        if old:
            _replace(path, newest)
        return len(old)


def key_file() -> Path:
    """Where the keys are, unless the settings have them."""
    return settings().data_dir / "secret.key"


def how_to_add_the_former() -> str:
    """What an administrator does with a former key, so that what it encrypted is read again."""
    if not are_configured():
        return (
            "add the former key to secret.key in the data folder, behind the present one and a "
            "comma. It is taken up at once"
        )
    is_on_disk = key_file().exists()
    where = " (perhaps that in secret.key in the data folder)" if is_on_disk else ""
    return (
        f"add the former key{where} to FGIP_SECRET_KEY, behind the present one and a comma, and "
        "restart web and worker"
    )


def are_configured() -> bool:
    """Whether the keys are in the settings."""
    return bool(settings().secret_key.get_secret_value())


def _cipher() -> MultiFernet:
    return _cipher_of(_keys())


@lru_cache(maxsize=2)
def _cipher_of(keys: str) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in _split(keys)])


def _split(keys: str) -> list[str]:
    """The keys, the newest first, also where a person has left a comma or a line break behind."""
    return [key.strip() for key in keys.split(",") if key.strip()]


def _keys() -> str:
    configured = settings().secret_key.get_secret_value()
    if configured:
        return configured
    path = key_file()
    try:
        found = path.stat()
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _alone(path.parent):
            if not path.exists():
                _replace(path, Fernet.generate_key().decode())
        found = path.stat()
    return _read(path, found.st_ino, found.st_mtime_ns, found.st_size)


@lru_cache(maxsize=2)
def _read(path: Path, _inode: int, _changed_at: int, _size: int) -> str:
    return path.read_text()


def _replace(path: Path, keys: str) -> None:
    """Change the file at once for everybody, and for good, before anything relies on it."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    with os.fdopen(os.open(draft, flags, 0o600), "w") as file:
        file.write(keys)
        file.flush()
        os.fsync(file.fileno())
    if path.exists():
        # An administrator's command must not take the file from the account of web and worker.
        owner = path.stat()
        os.chown(draft, owner.st_uid, owner.st_gid)
    draft.replace(path)


@contextmanager
def _changing() -> Iterator[Path]:
    """Let one process at a time change the file: a key that another one has added is kept."""
    if are_configured():
        raise Refused("The keys are in FGIP_SECRET_KEY. Change them there.")
    _keys()
    with _alone(settings().data_dir):
        yield key_file()


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Lock the folder, and let what was changed in it survive a power cut."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX)
        yield
        os.fsync(opened)
    finally:
        os.close(opened)

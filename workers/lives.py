"""Which workers of this data folder are alive.

Each worker locks a file of its own as long as it lives. The operating system frees the lock however
the process ends, so that a file whose lock can be had is a dead worker's for certain. (A worker on
another machine is known by its leases alone.)
"""

import fcntl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from app.config import settings
from app.domain.store import private_folder

SUFFIX = ".lock"


@contextmanager
def living(worker: str) -> Iterator[None]:
    """Hold this worker's lock during the block."""
    path = _folder() / f"{worker}{SUFFIX}"
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        try:
            yield
        finally:
            path.unlink(missing_ok=True)


@contextmanager
def dead_workers() -> Iterator[list[str]]:
    """Yield the names of dead workers; they are forgotten when the block ends without an error.

    Meanwhile no other worker is told of the same ones.
    """
    with ExitStack() as stack:
        dead = []
        for path in _folder().glob(f"*{SUFFIX}"):
            file = stack.enter_context(path.open("a"))
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            dead.append(path)
        yield [path.name.removesuffix(SUFFIX) for path in dead]
        for path in dead:
            path.unlink(missing_ok=True)


def _folder() -> Path:
    return private_folder(settings().data_dir / "workers")

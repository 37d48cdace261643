"""Build the pages, but only when something that they are made of has changed."""

import fcntl
import gzip
import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from scripts import ROOT
from scripts.processes import run

CLIENT = ROOT / ".web" / "build" / "client"
STAMP = ROOT / ".web" / "build" / "fingerprint"
LOCK = ROOT / ".reflex" / "build.lock"

FILES = ("rxconfig.py", "requirements.lock", "requirements-build.txt")
FOLDERS = ("app", "assets", "models")
# A build itself may change this one.
LOCKED = ("reflex.lock",)

# How Reflex writes the address of the building machine into the pages.
BUILD_ADDRESS = re.compile(r"""(["'`])(http|ws)://localhost:\d+(/[^"'`]*)\1""")


def sources(folders: Iterable[str]) -> Iterator[Path]:
    """Find the files in these folders that the pages are made of."""
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*")):
            made_by_build = "__pycache__" in path.parts or ROOT / "assets/external" in path.parents
            if path.is_file() and not made_by_build:
                yield path


def written() -> str:
    """Return a hash of what people write of the pages."""
    return digest([*(ROOT / name for name in FILES), *sources(FOLDERS)])


def fingerprint(written: str) -> str:
    """Return what names the pages: the hash of what people wrote, and that of their packages."""
    return f"{written} {digest(sources(LOCKED))}"


def digest(paths: Iterable[Path]) -> str:
    """Return a hash of the names and contents of files."""
    total = hashlib.sha256()
    for path in paths:
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        total.update(f"{path.relative_to(ROOT)} {content}\n".encode())
    return total.hexdigest()


def is_built() -> bool:
    """Tell whether the built pages are those of the sources."""
    return STAMP.exists() and STAMP.read_text() == fingerprint(written())


def build() -> None:
    """Build the pages unless they are there; raise `SystemExit` with a sentence if that fails."""
    if is_built():
        return
    LOCK.parent.mkdir(exist_ok=True)
    with LOCK.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if is_built():  # by whoever had the lock
            return
        # What is written while the build reads may be in the pages or not: it asks for a new one.
        read = written()
        print("Building the pages; the first time takes about a minute.", flush=True)
        if run([ROOT / "scripts/reflex", "export", "--frontend-only", "--no-zip"]) != 0:
            raise SystemExit(
                "The pages could not be built; the reason is above. Building needs the npm "
                "registry: where it is elsewhere, set NPM_CONFIG_REGISTRY to its address."
            )
        follow_the_visitor(CLIENT)
        tidy_lock()
        STAMP.write_text(fingerprint(read))


def follow_the_visitor(client: Path) -> None:
    """Let the pages talk to the host and port that they came from, whichever that is."""
    (script,) = client.glob("assets/reflex-env-*.js")
    code, found = BUILD_ADDRESS.subn(same_origin, script.read_text())
    if not found:
        raise RuntimeError(f"no address of the building machine in {script.name}")
    script.write_text(code)
    script.with_name(f"{script.name}.gz").write_bytes(gzip.compress(code.encode(), mtime=0))


def tidy_lock() -> None:
    """Sort the list of packages, so that it changes only when a package does.

    Reflex writes it in an order that depends on what was installed before.
    """
    packages = ROOT / "reflex.lock" / "package.json"
    packages.write_text(
        json.dumps(json.loads(packages.read_text()), indent=2, sort_keys=True) + "\n"
    )


def same_origin(match: re.Match[str]) -> str:
    """Return the JavaScript expression for a path on the page's own origin."""
    _, scheme, path = match.groups()
    origin = "location.origin" + ('.replace("http","ws")' if scheme == "ws" else "")
    return f"`${{{origin}}}{path}`"


if __name__ == "__main__":
    build()

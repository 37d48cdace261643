"""How much the web process grows while a large file is uploaded, interrupted, resumed and stored.

    python -m benchmarks.upload_memory                     the upload routes alone
    python -m benchmarks.upload_memory --app platform      the whole web process, pages and all

Prints the growth of the proportional set size of the web server's processes, and fails when the
stored file's SHA-256 is not the sender's or the growth is above 100 MB.
"""

import argparse
import hashlib
import os
import random
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx

MIB = 1024 * 1024
MB = 1_000_000
PIECE = 16 * MIB
LIMIT = 100 * MB


def processes_of(group: int) -> Iterator[Path]:
    """The folders in /proc of a process group."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[2]) == group:
            yield folder


def memory_of(group: int) -> int:
    """Bytes of memory of a process group, pages that are shared counted in proportion."""
    total = 0
    for folder in processes_of(group):
        try:
            rollup = (folder / "smaps_rollup").read_text()
        except OSError:
            continue
        total += sum(
            int(line.split()[1]) * 1024 for line in rollup.splitlines() if line.startswith("Pss:")
        )
    return total


class Peak:
    """The largest memory that a process group had while the block ran."""

    def __init__(self, group: int) -> None:
        self.bytes = 0
        self._group = group
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def _watch(self) -> None:
        while not self._done.wait(0.05):
            self.bytes = max(self.bytes, memory_of(self._group))

    def __enter__(self) -> "Peak":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()


def write_source(path: Path, size: int) -> str:
    """Write a file that does not compress and does not repeat; return its SHA-256."""
    digest = hashlib.sha256()
    source = random.Random(20)
    with path.open("wb") as file:
        for _ in range(size // MIB):
            block = source.randbytes(MIB)
            digest.update(block)
            file.write(block)
    return digest.hexdigest()


def upload(client: httpx.Client, dataset: str, path: Path) -> None:
    """Send a file in pieces, and lose the connection in the middle of one."""
    from tests.support.tus import create, offset, patch, send_part_and_wait

    size = path.stat().st_size
    location = create(client, dataset, path.name, size).headers["location"]
    with path.open("rb") as file:
        start = 0
        while start < size // 2:
            assert patch(client, location, start, file.read(PIECE)).status_code == 204
            start += PIECE
        line = send_part_and_wait(client, location, start, size - start, file.read(PIECE // 2))
        line.close()
        start = settled_offset(client, location)
        print(f"lost the connection; going on at {start / MIB:.1f} MiB of {size / MIB:.0f} MiB")
        file.seek(start)
        while start < size:
            piece = file.read(PIECE)
            assert patch(client, location, start, piece).status_code == 204
            start += len(piece)
    assert offset(client, location) == size


def settled_offset(client: httpx.Client, location: str) -> int:
    """The upload's offset once the server has noticed that the line is dead."""
    from tests.support.tus import offset

    before = -1
    while (now := offset(client, location)) != before:
        before = now
        time.sleep(0.5)
    return now


def stored_sha256(timeout: float = 300) -> str:
    from sqlmodel import select

    from models import db
    from models.files import StoredFile

    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        with db.session(db.FILES) as session:
            file = session.exec(select(StoredFile)).first()
        if file is not None:
            return file.sha256
        time.sleep(0.2)
    raise SystemExit("the file was not stored in time")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--app", choices=("alone", "platform"), default="alone")
    parser.add_argument("--mib", type=int, default=1024, help="size of the file")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="fgip-bench-") as folder:
        sys.exit(run(options.app, options.mib * MIB, Path(folder)))


def run(app: str, size: int, folder: Path) -> int:
    from models import embedded

    os.environ["FGIP_DATA_DIR"] = str(folder)
    os.environ["FGIP_DATABASE_URL"] = embedded.start(folder / "postgres")
    from app import migrate
    from app.config import settings
    from app.domain import datasets
    from app.domain.access import ROLES, Actor
    from app.domain.people import ensure_roles
    from models import db
    from tests.support.people import sign_in
    from tests.support.platform import start_web
    from tests.support.servers import serve

    migrate.main()
    db.configure(settings().database_urls)
    with db.session(db.USERS) as session:
        ensure_roles(session)
    ref, cookies = sign_in("benchmark")
    with db.session(db.FILES) as session:
        actor = Actor(ref, "benchmark", "", ROLES["researcher"])
        dataset = datasets.create_dataset(session, actor=actor, name="Benchmark")
    expected = write_source(folder / "benchmark.vcf", size)
    server = serve("tests.support.web:app") if app == "alone" else start_web()
    try:
        with httpx.Client(base_url=server.url, cookies=cookies, timeout=120) as client:
            client.head("/api/uploads/none-none", headers={"Tus-Resumable": "1.0.0"})
            before = memory_of(server.process.pid)
            began = time.monotonic()
            with Peak(server.process.pid) as peak:
                upload(client, dataset, folder / "benchmark.vcf")
                sent = time.monotonic()
                actual = stored_sha256()
            stored = time.monotonic()
    finally:
        server.stop()
        db.dispose()
    growth = peak.bytes - before
    print(f"{size / MIB:.0f} MiB sent in {sent - began:.1f} s, stored {stored - sent:.1f} s later")
    print(f"SHA-256 {'is right' if actual == expected else 'IS WRONG'}: {actual}")
    print(
        f"web process: {before / MB:.0f} MB before, {peak.bytes / MB:.0f} MB at most, "
        f"growth {growth / MB:.0f} MB (limit {LIMIT / MB:.0f} MB)"
    )
    return 0 if actual == expected and growth <= LIMIT else 1


if __name__ == "__main__":
    main()

"""How much the web process grows while all results of a job go out as one zip.

    python -m benchmarks.results_zip              three results of 1,700 MiB: a zip64
    python -m benchmarks.results_zip --mib 100

Prints the growth of the proportional set size of the web server's processes, and fails when the zip
is not as large as was told before, one of its members has another checksum, or the growth is above
100 MB.
"""

import argparse
import hashlib
import os
import sys
import tempfile
import time
import zipfile
from pathlib import Path

import httpx

from benchmarks.upload_memory import LIMIT, MB, MIB, Peak, memory_of

RESULTS = 3


def write_result(path: Path, size: int, number: int) -> None:
    """Write a file that is unlike the others."""
    block = os.urandom(MIB)
    with path.open("wb") as file:
        for index in range(size // MIB):
            file.write(f"{number} {index:8} ".encode() + block[16:])


def sums_are_right(path: Path) -> bool:
    """Whether each member has the checksum that the zip's own list gives."""
    with zipfile.ZipFile(path) as archive:
        listed = archive.read("SHA256SUMS").decode().splitlines()
        for line in listed:
            expected, name = line.split("  ", 1)
            with archive.open(name) as member:
                if hashlib.file_digest(member, "sha256").hexdigest() != expected:
                    return False
    return len(listed) == RESULTS


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mib", type=int, default=1700, help="size of each result")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="fgip-bench-") as folder:
        sys.exit(run(options.mib * MIB, Path(folder)))


def run(size: int, folder: Path) -> int:
    from models import embedded

    os.environ["FGIP_DATA_DIR"] = str(folder)
    os.environ["FGIP_DATABASE_URL"] = embedded.start(folder / "postgres")
    from app import migrate
    from app.config import settings
    from app.domain import files, store
    from models import db
    from tests.support.people import sign_in
    from tests.support.servers import serve

    migrate.main()
    db.configure(settings().database_urls)
    ref, cookies = sign_in("benchmark")
    for number in range(RESULTS):
        write_result(folder / "result", size, number)
        content = store.ingest_path(folder / "result", move=True)
        with db.session(db.FILES) as session:
            files.add_result(
                session, owner_ref=ref, job_ref="job", name=f"chr{number}.vcf.gz", content=content
            )
    server = serve("tests.support.web:app")
    target = folder / "results.zip"
    try:
        with httpx.Client(base_url=server.url, cookies=cookies, timeout=120) as client:
            client.get("/api/files/none")
            before = memory_of(server.process.pid)
            began = time.monotonic()
            with (
                Peak(server.process.pid) as peak,
                client.stream("GET", "/api/jobs/job/results.zip") as answer,
                target.open("wb") as file,
            ):
                told = int(answer.headers["content-length"])
                for block in answer.iter_raw(MIB):
                    file.write(block)
            seconds = time.monotonic() - began
    finally:
        server.stop()
        db.dispose()
    growth = peak.bytes - before
    is_right = told == target.stat().st_size and sums_are_right(target)
    print(f"{told / MIB:.0f} MiB in {seconds:.1f} s, {told / seconds / MB:.0f} MB/s")
    print(f"size and checksums {'are right' if is_right else 'ARE WRONG'}")
    print(f"web process: growth {growth / MB:.0f} MB (limit {LIMIT / MB:.0f} MB)")
    return 0 if is_right and growth <= LIMIT else 1


if __name__ == "__main__":
    main()

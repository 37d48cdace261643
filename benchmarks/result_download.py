"""How much the worker grows while it fetches, resumes, verifies and unpacks a large archive.

    python -m benchmarks.result_download                       2 GiB, encrypted with AES-256
    python -m benchmarks.result_download --zipcrypto           servers' default (needs zip)
    python -m benchmarks.result_download --mib 100 --kills 5   with SIGKILL while it is unpacked

A small Cloudgene server on loopback hands each file out three times, tells an MD5 list of the
archive, and breaks the first download off in the middle. Fails when the worker grows by more than
100 MB, when a download more than the two that are needed was used, when bytes came twice, or when
what was unpacked is not what was packed.
"""

import argparse
import gzip
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pyzipper

from benchmarks.upload_memory import MB, MIB, Peak, memory_of
from tests.support.servers import Server

LIMIT = 100 * MB
DOWNLOADS = 3
PASSWORD = "Benchmark1Benchmark1Bench"
GENOTYPES, QUALITY, ARCHIVE = "chr20.dose.vcf.gz", "chr20.info.gz", "chr_20.zip"
RECIPE = {
    "workflow_url": "imputationserver2",
    "workflow_type": "CLOUDGENE",
    "workflow_type_version": "2",
    "workflow_params": {"files": "${inputs}", "password": "${password}"},
    "results": [
        {"pattern": "*.zip", "role": "imputed", "required": True},
        {"pattern": "*.vcf.gz", "role": "imputed"},
        {"pattern": "*", "role": "other"},
    ],
}


def write_members(folder: Path, size: int) -> dict[str, str]:
    """Write what the archive is to hold, which does not compress; return its SHA-256 sums."""
    source = random.Random(20)
    with gzip.open(folder / GENOTYPES, "wb", compresslevel=0) as file:
        file.write(b"##fileformat=VCFv4.2\n")
        for _ in range(size // MIB):
            file.write(source.randbytes(MIB))
    (folder / QUALITY).write_bytes(gzip.compress(b"SNP\tR2\n", mtime=0))
    return {name: sha256(folder / name) for name in (GENOTYPES, QUALITY)}


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def pack(folder: Path, *, zipcrypto: bool) -> None:
    """Pack and encrypt the members, and write the list of checksums beside the archive."""
    path = folder / ARCHIVE
    if zipcrypto:
        command = ["zip", "-q", "-1", "-P", PASSWORD, ARCHIVE, GENOTYPES, QUALITY]
        subprocess.run(command, cwd=folder, check=True)
    else:
        with pyzipper.AESZipFile(path, "w", encryption=pyzipper.WZ_AES) as archive:
            archive.setpassword(PASSWORD.encode())
            for name in (GENOTYPES, QUALITY):
                archive.write(folder / name, name)
    with path.open("rb") as file:
        md5 = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
    (folder / f"{ARCHIVE}.md5").write_text(f"{md5}  {ARCHIVE}\n")
    (folder / GENOTYPES).unlink()


class Service:
    """A Cloudgene server with one job that has ended, whose downloads are counted."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.left = {ARCHIVE: DOWNLOADS, f"{ARCHIVE}.md5": DOWNLOADS}
        self.sent = 0
        self.is_cut = False
        handler = type("Handler", (Handler,), {"service": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def job(self) -> dict[str, Any]:
        files = [
            {"name": name, "hash": name.replace(".", "-"), "count": left, "size": "2 GB"}
            for name, left in self.left.items()
        ]
        ended = int(time.time() * 1000)
        outputs = [{"id": "output", "name": "Results", "download": True, "files": files}]
        return {
            "id": "job-1",
            "name": "job",
            "state": 4,
            "positionInQueue": -1,
            "startTime": ended,
            "endTime": ended,
            "deletedOn": -1,
            "steps": [],
            "outputParams": outputs,
        }


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    service: Service

    def log_message(self, *_: Any) -> None:
        """Be quiet."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self._json({"valid": True, "message": "API Token is valid."})

    def do_GET(self) -> None:
        match self.path.strip("/").split("/"):
            case ["share", "results", _, name]:
                self._file(name)
            case ["api", "v2", "jobs", "job-1", *_]:
                self._json(self.service.job())
            case ["api", "v2", "server"]:
                self._json({"name": "Benchmark", "maintenace": False, "apps": []})
            case _:
                self._json({"success": False, "message": "not here"}, 404)

    def _file(self, name: str) -> None:
        if self.service.left[name] == 0:
            self._json({"success": False, "message": "number of max downloads exceeded."}, 400)
            return
        self.service.left[name] -= 1
        path = self.service.folder / name
        size = path.stat().st_size
        start = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").rstrip("-"))
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{size - 1}/{size}")
        self.send_header("Content-Length", str(size - start))
        self.end_headers()
        end = size
        if name == ARCHIVE and not self.service.is_cut:
            end, self.service.is_cut = size // 2, True
            self.close_connection = True
        with path.open("rb") as file:
            file.seek(start)
            while file.tell() < end:
                block = file.read(min(MIB, end - file.tell()))
                self.wfile.write(block)
                self.service.sent += len(block) if name == ARCHIVE else 0

    def _json(self, body: Any, status: int = 200) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def add_job(service: Service, folder: Path) -> str:
    """A job whose run has ended at the service; return its ref."""
    from sqlmodel import select

    from app.domain import credentials
    from app.domain.secret_keys import encrypt
    from models import db
    from models.base import now
    from models.jobs import Job
    from models.registry import ImputationService
    from tests.support.submitting import actor
    from tests.support.working import add_dataset, add_panel, submit_to

    panel = add_panel(service.url, recipe=RECIPE, api_type="cloudgene")
    with db.session(db.REGISTRY) as session:
        service_ref = session.exec(select(ImputationService.ref)).one()
    with db.session(db.USERS) as session:
        credentials.set_token(
            session, actor=actor(), service_ref=service_ref, token="a-token-for-the-benchmark"
        )
    ref = submit_to(panel, add_dataset(folder, actor()))
    with db.session(db.JOBS) as session:
        job = session.exec(select(Job).where(Job.ref == ref)).one()
        job.status, job.remote_id, job.submitted_at = "running", "job-1", now() - timedelta(hours=1)
        job.archive_password = encrypt(PASSWORD)
        session.add(job)
    return ref


def is_ended(ref: str) -> bool:
    from tests.support.working import job

    return job(ref).row.status in ("completed", "failed")


def kill_and_start_again(worker: Server, ref: str, kills: int) -> Server:
    """Kill workers at random moments once the whole archive has come; return the last one."""
    from app.domain import store
    from tests.support.platform import start_worker

    chance = random.Random(5)
    while kills and not is_ended(ref):
        if any(store.partial_dir().glob(f"*{store.WHOLE}")):
            worker.stop(signal.SIGKILL)
            kills -= 1
            worker = start_worker()
            time.sleep(chance.uniform(4, 12))
            print(f"killed a worker; {kills} kills to come, ended: {is_ended(ref)}")
        time.sleep(0.05)
    return worker


def ended(ref: str, timeout: float) -> dict[str, tuple[str, str]]:
    """The states and sums of a job's results once it has ended."""
    from tests.support.working import job

    deadline = time.monotonic() + timeout
    while not is_ended(ref):
        if time.monotonic() > deadline:
            raise SystemExit(f"not done in time: {job(ref)}")
        time.sleep(0.2)
    print(f"{job(ref).row.status}: {job(ref).row.status_reason}")
    return {result.name: (result.state, result.sha256) for result in job(ref).results}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mib", type=int, default=2048, help="size of the genotypes")
    parser.add_argument("--zipcrypto", action="store_true", help="the older encryption")
    parser.add_argument("--kills", type=int, default=0, help="how often the worker is killed")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="fgip-bench-") as folder:
        sys.exit(run(options.mib * MIB, options.zipcrypto, options.kills, Path(folder)))


def run(size: int, zipcrypto: bool, kills: int, folder: Path) -> int:
    from models import embedded

    os.environ["FGIP_DATA_DIR"] = str(folder / "data")
    os.environ["FGIP_DATABASE_URL"] = embedded.start(folder / "postgres")
    from app import migrate
    from app.config import settings
    from models import db
    from tests.support.platform import start_worker

    migrate.main()
    db.configure(settings().database_urls)
    files = folder / "service"
    files.mkdir()
    packed = write_members(files, size)
    pack(files, zipcrypto=zipcrypto)
    service = Service(files)
    worker = start_worker(log=folder / "worker.log")
    try:
        time.sleep(8)
        before = memory_of(worker.process.pid)
        began = time.monotonic()
        with Peak(worker.process.pid) as peak:
            ref = add_job(service, folder)
            worker = kill_and_start_again(worker, ref, kills)
            results = ended(ref, timeout=60 + size / MB)
        seconds = time.monotonic() - began
    finally:
        worker.stop()
        db.dispose()
    archive = files / ARCHIVE
    unpacked = {name: results.get(name) for name in packed}
    growth, used = peak.bytes - before, DOWNLOADS - service.left[ARCHIVE]
    is_whole = unpacked == {name: ("fetched", sum_) for name, sum_ in packed.items()}
    is_whole = is_whole and len(results) == len(packed) + 2
    is_kept_once = results[ARCHIVE] == ("unpacked", sha256(archive))
    again = service.sent - archive.stat().st_size
    kind = "ZipCrypto" if zipcrypto else "AES-256"
    print(
        f"{archive.stat().st_size / MIB:.0f} MiB ({kind}) fetched, verified and unpacked in "
        f"{seconds:.0f} s: what was unpacked {'is right' if is_whole else 'IS WRONG'}"
    )
    print(f"downloads used: {used} of {DOWNLOADS}; {again / MIB:.1f} MiB came twice")
    print(
        f"worker process: {before / MB:.0f} MB before, {peak.bytes / MB:.0f} MB at most, "
        f"growth {growth / MB:.0f} MB (limit {LIMIT / MB:.0f} MB)"
    )
    is_good = is_whole and is_kept_once and used == 2 and again < 16 * MIB and growth <= LIMIT
    return 0 if is_good else 1


if __name__ == "__main__":
    main()

"""All results of a job go out at once, or by a script with a key that opens nothing else."""

import hashlib
import io
import os
import random
import re
import subprocess
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from sqlmodel import select

from app.domain import download_keys, files, store
from app.domain.access import ROLES, Actor
from app.domain.download_script import PROGRAMS
from models import db
from models.base import now
from models.files import DownloadKey
from models.users import User
from tests.support.cutting import CuttingProxy, cutting_proxy
from tests.support.people import sign_in
from tests.support.processes import free_port
from tests.support.servers import Server, serve

pytestmark = pytest.mark.usefixtures("databases")

GENOTYPES = random.Random(5).randbytes(3_000_000)
# Two of them are called the same, as members of two archives may be.
RESULTS = [
    ("chr20.dose.vcf.gz", GENOTYPES),
    ("chr20.dose.vcf.gz", GENOTYPES[:1000]),
    ("it's a $(log).txt", b"quality"),
    ("empty.txt", b""),
]
NAMES = ["chr20 (2).dose.vcf.gz", "chr20.dose.vcf.gz", "empty.txt", "it's a $(log).txt"]


@dataclass(frozen=True)
class Web:
    """The web process, and the proxy through which people reach it."""

    server: Server
    proxy: CuttingProxy


@pytest.fixture(scope="module")
def web(postgres: str) -> Iterator[Web]:
    port = free_port()
    with cutting_proxy(port) as proxy:
        server = serve("tests.support.web:app", port=port, FGIP_PUBLIC_URL=proxy.url)
        yield Web(server, proxy)
        server.stop()


@dataclass(frozen=True)
class Owner:
    ref: str
    cookies: dict[str, str]
    refs: list[str]

    @property
    def actor(self) -> Actor:
        return Actor(self.ref, "anna", "", ROLES["researcher"])


@pytest.fixture
def anna(tmp_path: Path) -> Owner:
    ref, cookies = sign_in("anna")
    return Owner(ref, cookies, [add(ref, "job", *result, tmp_path) for result in RESULTS])


def add(owner_ref: str, job_ref: str, name: str, content: bytes, folder: Path) -> str:
    (folder / "out").write_bytes(content)
    stored = store.ingest_path(folder / "out")
    with db.session(db.FILES) as session:
        return files.add_result(
            session, owner_ref=owner_ref, job_ref=job_ref, name=name, content=stored
        ).ref


def get_script(web: Web, owner: Owner, program: str = "curl") -> httpx.Response:
    url = f"{web.server.url}/api/jobs/job/download-script"
    return httpx.post(url, data={"program": program}, cookies=owner.cookies)


def run(script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    (folder / "results.sh").write_text(script)
    return subprocess.run(
        ["bash", "results.sh", "here"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": os.environ["PATH"], "HOME": str(folder)},
    )


def sums_in(folder: Path) -> list[str]:
    return sorted(hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir())


def expected_sums() -> list[str]:
    return sorted(hashlib.sha256(content).hexdigest() for _, content in RESULTS)


def key_of(script: str) -> str:
    found = re.search(r"^key=(\S+)$", script, re.M)
    assert found
    return found[1]


def with_key(web: Web, key: str, ref: str) -> httpx.Response:
    headers = {"Authorization": f"Bearer {key}"}
    return httpx.get(f"{web.server.url}/api/files/{ref}", headers=headers)


def test_everything_comes_as_one_zip_whose_size_is_told_before(web: Web, anna: Owner) -> None:
    answer = httpx.get(f"{web.server.url}/api/jobs/job/results.zip", cookies=anna.cookies)
    assert answer.headers["content-length"] == str(len(answer.content))
    assert answer.headers["cache-control"] == "no-store"
    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    assert archive.testzip() is None
    assert {entry.compress_type for entry in archive.infolist()} == {zipfile.ZIP_STORED}
    assert sorted(archive.namelist()) == sorted([*NAMES, "SHA256SUMS"])
    listed = dict(
        line.split("  ")[::-1] for line in archive.read("SHA256SUMS").decode().split("\n") if line
    )
    assert {name: hashlib.sha256(archive.read(name)).hexdigest() for name in NAMES} == listed


def test_neither_zip_nor_script_exists_for_anybody_else(web: Web, anna: Owner) -> None:
    _, cookies = sign_in("ben")
    base = f"{web.server.url}/api/jobs/job"
    assert httpx.get(f"{base}/results.zip", cookies=cookies).status_code == 404
    assert httpx.post(f"{base}/download-script", cookies=cookies).status_code == 404
    # Who may read everybody's results gets no key to them that would outlive this.
    _, root = sign_in("root", "administrator")
    assert httpx.get(f"{base}/results.zip", cookies=root).status_code == 200
    assert httpx.post(f"{base}/download-script", cookies=root).status_code == 404


def test_another_site_s_page_gets_no_script(web: Web, anna: Owner) -> None:
    url = f"{web.server.url}/api/jobs/job/download-script"
    foreign = {"Origin": "https://evil.example"}
    assert httpx.post(url, cookies=anna.cookies, headers=foreign).status_code == 403
    with db.session(db.FILES) as session:
        assert session.exec(select(DownloadKey)).all() == []


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_script_goes_on_after_a_cut_and_verifies_every_file(
    web: Web, anna: Owner, tmp_path: Path, program: str
) -> None:
    answer = get_script(web, anna, program)
    assert answer.headers["content-disposition"] == 'attachment; filename="results-job.sh"'
    assert answer.headers["cache-control"] == "no-store"
    web.proxy.asked.clear()
    # The large file comes in four pieces.
    web.proxy.cut_after = [100_000, 1_000_000, 800_000]
    done = run(answer.text, tmp_path)
    assert done.returncode == 0, done.stderr
    assert "All 4 files are here, and verified." in done.stdout
    assert sums_in(tmp_path / "here") == expected_sums()
    assert sorted(path.name for path in (tmp_path / "here").iterdir()) == NAMES
    ranges = [re.search(r"Range: bytes=(\d+)-", head) for head in web.proxy.asked]
    begins = [int(found[1]) for found in ranges if found]
    assert len(begins) == 3
    assert 0 < begins[0] < begins[1] < begins[2]
    key = key_of(answer.text)
    for head in web.proxy.asked:
        assert key not in head.splitlines()[0]
        assert f"Authorization: Bearer {key}" in head


def test_a_script_that_was_ended_goes_on_when_it_is_run_again(
    web: Web, anna: Owner, tmp_path: Path
) -> None:
    """What it left is what a kill leaves: part of one file, and another that is not what it was."""
    script = get_script(web, anna).text
    here = tmp_path / "here"
    here.mkdir()
    (here / "chr20.dose.vcf.gz.part").write_bytes(GENOTYPES[:2_000_000])
    (here / "it's a $(log).txt.part").write_bytes(b"QUALITY")
    web.proxy.asked.clear()
    assert run(script, tmp_path).returncode == 0
    assert sums_in(here) == expected_sums()
    assert any("Range: bytes=2000000-" in head for head in web.proxy.asked)
    web.proxy.asked.clear()
    again = run(script, tmp_path)
    assert (again.returncode, web.proxy.asked) == (0, [])
    assert again.stdout.count("here already") == 4


def test_a_key_opens_its_own_job_s_results_and_nothing_else(
    web: Web, anna: Owner, tmp_path: Path
) -> None:
    other = add(anna.ref, "another job", "other.vcf.gz", b"other", tmp_path)
    foreign = add(sign_in("ben")[0], "job", "foreign.vcf.gz", b"foreign", tmp_path)
    with db.session(db.FILES) as session:
        key = download_keys.make_key(session, actor=anna.actor, job_ref="job").key
    assert with_key(web, key, anna.refs[0]).content == GENOTYPES
    assert with_key(web, key, other).status_code == 404
    assert with_key(web, key, foreign).status_code == 404
    for path in ("/api/jobs/job/results.zip", "/api/uploads/"):
        headers = {"Authorization": f"Bearer {key}"}
        answer = httpx.request("GET", f"{web.server.url}{path}", headers=headers)
        assert answer.status_code in (401, 405)
    # In an address it is worth nothing.
    url = f"{web.server.url}/api/files/{anna.refs[0]}"
    assert httpx.get(url, params={"key": key, "access_token": key}).status_code == 401


def test_a_key_ends_with_its_time_its_revocation_and_its_owner(web: Web, anna: Owner) -> None:
    with db.session(db.FILES) as session:
        made = download_keys.make_key(session, actor=anna.actor, job_ref="job")
    assert timedelta(days=6) < made.expires_at - now() <= timedelta(days=7)
    assert with_key(web, made.key, anna.refs[0]).status_code == 200
    assert with_key(web, made.key + "x", anna.refs[0]).status_code == 401
    with db.session(db.USERS) as session:
        user = session.exec(select(User).where(User.ref == anna.ref)).one()
        user.is_active = False
    assert with_key(web, made.key, anna.refs[0]).status_code == 401
    with db.session(db.USERS) as session:
        session.exec(select(User).where(User.ref == anna.ref)).one().is_active = True
    with db.session(db.FILES) as session:
        session.exec(select(DownloadKey)).one().expires_at = now()
    assert with_key(web, made.key, anna.refs[0]).status_code == 401


def test_a_revoked_key_stops_a_script_with_the_way_to_a_new_one(
    web: Web, anna: Owner, tmp_path: Path
) -> None:
    script = get_script(web, anna).text
    with db.session(db.FILES) as session:
        (row,) = download_keys.keys_of(session, actor=anna.actor, job_ref="job")
        download_keys.revoke_key(session, actor=anna.actor, key_ref=row.ref)
    done = run(script, tmp_path)
    assert done.returncode == 2
    assert f"Get a new script from {web.proxy.url}/jobs/job" in done.stderr


def test_only_a_key_s_digest_is_stored_and_its_last_use_is_known(web: Web, anna: Owner) -> None:
    with db.session(db.FILES) as session:
        key = download_keys.make_key(session, actor=anna.actor, job_ref="job").key
    with_key(web, key, anna.refs[0])
    with db.session(db.FILES) as session:
        stored = session.exec(select(DownloadKey)).one()
        assert stored.key_hash == hashlib.sha256(key.encode()).hexdigest()
        (row,) = download_keys.keys_of(session, actor=anna.actor, job_ref="job")
    assert row.last_used_at is not None
    with db.engine(db.FILES).connect() as connection:
        for table in db.BASES[db.FILES].metadata.sorted_tables:
            assert key not in str(connection.execute(table.select()).all())

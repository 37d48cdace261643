"""Uploads go on after any interruption, end with the right SHA-256, and are their owner's alone."""

import hashlib
import random
import resource
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TypeVar

import httpx
import pytest
from sqlmodel import select

from app.config import settings
from app.domain import datasets, files, uploads
from app.domain.access import ROLES, Actor
from app.domain.errors import Refused
from models import db
from models.files import StoredFile, Upload
from tests.support.people import sign_in
from tests.support.servers import Server, serve
from tests.support.tus import TUS, create, offset, patch, send_part_and_wait

T = TypeVar("T")

MIB = 1024 * 1024
LIMITS = {"FGIP_UPLOAD_MAX_BYTES": str(24 * MIB), "FGIP_USER_QUOTA_BYTES": str(32 * MIB)}


@pytest.fixture(scope="module")
def server(postgres: str) -> Iterator[Server]:
    started = serve("tests.support.web:app", **LIMITS)
    yield started
    started.stop()


class Person:
    def __init__(self, server: Server, name: str, role: str = "researcher") -> None:
        self.ref, cookies = sign_in(name, role)
        # A server that refuses a body before its end closes the line, which a client that keeps
        # it for the next request may notice too late.
        alone = httpx.Limits(max_keepalive_connections=0)
        self.client = httpx.Client(base_url=server.url, cookies=cookies, timeout=30, limits=alone)
        self.actor = Actor(self.ref, name, "", ROLES[role])

    def dataset(self, name: str = "Cohort A") -> str:
        with db.session(db.FILES) as session:
            return datasets.create_dataset(session, actor=self.actor, name=name)

    def begin(self, size: int, name: str = "chr20.vcf.gz", dataset: str = "") -> str:
        response = create(self.client, dataset or self.dataset(), name, size)
        assert response.status_code == 201, response.text
        return response.headers["location"]


@pytest.fixture
def person(databases: None) -> Iterator[Callable[..., Person]]:
    with ExitStack() as opened:

        def arrive(server: Server, name: str, role: str = "researcher") -> Person:
            who = Person(server, name, role)
            opened.enter_context(who.client)
            return who

        yield arrive


@pytest.fixture
def anna(server: Server, person: Callable[..., Person]) -> Person:
    return person(server, "anna")


@pytest.fixture
def ben(server: Server, person: Callable[..., Person]) -> Person:
    return person(server, "ben")


def content_of(size: int) -> bytes:
    return random.Random(size).randbytes(size)


def until(look: Callable[[], T | None], seconds: float = 30) -> T:
    deadline = time.monotonic() + seconds
    while (found := look()) is None:
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)
    return found


def limit_file_size(server: Server, size: int) -> None:
    """Let the kernel refuse longer files, as a full disk does."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            group = int((folder / "stat").read_text().rpartition(")")[2].split()[2])
        except OSError:
            continue
        if group == server.process.pid:
            _, hard = resource.prlimit(int(folder.name), resource.RLIMIT_FSIZE)
            resource.prlimit(int(folder.name), resource.RLIMIT_FSIZE, (size, hard))


def stored_file() -> StoredFile:
    def look() -> StoredFile | None:
        with db.session(db.FILES) as session:
            return session.exec(select(StoredFile)).first()

    return until(look)


def bytes_on_disk(person: Person, location: str) -> int:
    path = uploads.data_path(person.ref, location.rsplit("-", 1)[1])
    return path.stat().st_size if path.exists() else 0


def test_an_upload_in_pieces_becomes_a_file_with_the_senders_sha256(anna: Person) -> None:
    content = content_of(5 * MIB + 17)
    location = anna.begin(len(content))
    for start in range(0, len(content), 2 * MIB):
        answer = patch(anna.client, location, start, content[start : start + 2 * MIB])
        assert answer.status_code == 204, answer.text
    file = stored_file()
    assert file.sha256 == hashlib.sha256(content).hexdigest()
    assert (file.name, file.size, file.owner_ref) == ("chr20.vcf.gz", len(content), anna.ref)
    assert files.path_of(file.sha256).read_bytes() == content
    assert bytes_on_disk(anna, location) == 0


def test_a_lost_connection_loses_nothing_that_arrived(anna: Person) -> None:
    content = content_of(4 * MIB)
    location = anna.begin(len(content))
    line = send_part_and_wait(anna.client, location, 0, len(content), content[: 3 * MIB])
    until(lambda: bytes_on_disk(anna, location) >= 2 * MIB or None)
    line.close()
    until(lambda: offset(anna.client, location) == 3 * MIB or None)
    assert patch(anna.client, location, 3 * MIB, content[3 * MIB :]).status_code == 204
    assert stored_file().sha256 == hashlib.sha256(content).hexdigest()


def test_a_killed_server_costs_only_bytes_it_had_not_confirmed(
    postgres: str, person: Callable[..., Person]
) -> None:
    first = serve("tests.support.web:app", **LIMITS)
    anna = person(first, "anna")
    content = content_of(6 * MIB)
    location = anna.begin(len(content))
    assert patch(anna.client, location, 0, content[:MIB]).status_code == 204
    line = send_part_and_wait(anna.client, location, MIB, 5 * MIB, content[MIB : 4 * MIB])
    until(lambda: bytes_on_disk(anna, location) >= 2 * MIB or None)
    first.stop(signal.SIGKILL)
    line.close()
    second = serve("tests.support.web:app", **LIMITS)
    try:
        anna.client.base_url = second.url
        start = offset(anna.client, location)
        assert start >= MIB
        assert patch(anna.client, location, start, content[start:]).status_code == 204
        assert stored_file().sha256 == hashlib.sha256(content).hexdigest()
    finally:
        second.stop()


def test_the_answer_to_the_last_piece_may_get_lost(anna: Person) -> None:
    content = content_of(MIB)
    location = anna.begin(len(content))
    patch(anna.client, location, 0, content)
    stored_file()
    assert offset(anna.client, location) == len(content)


def test_a_disk_that_refuses_to_write_stops_the_upload_and_keeps_what_arrived(
    postgres: str, person: Callable[..., Person]
) -> None:
    cramped = serve("tests.support.web:app", **LIMITS)
    try:
        anna = person(cramped, "anna")
        content = content_of(6 * MIB)
        location = anna.begin(len(content))
        limit_file_size(cramped, 3 * MIB)
        refused = patch(anna.client, location, 0, content)
        assert refused.status_code == 507
        assert "disk may be full" in refused.json()["detail"]
        start = offset(anna.client, location)
        assert 0 < start <= 3 * MIB
        limit_file_size(cramped, resource.RLIM_INFINITY)
        assert patch(anna.client, location, start, content[start:]).status_code == 204
        assert stored_file().sha256 == hashlib.sha256(content).hexdigest()
    finally:
        cramped.stop()


def test_two_requests_cannot_write_one_upload_together(anna: Person) -> None:
    content = content_of(4 * MIB)
    location = anna.begin(len(content))
    line = send_part_and_wait(anna.client, location, 0, len(content), content[: 2 * MIB])
    until(lambda: bytes_on_disk(anna, location) >= MIB or None)
    assert patch(anna.client, location, 0, content).status_code == 423
    line.sendall(content[2 * MIB :])
    assert stored_file().sha256 == hashlib.sha256(content).hexdigest()
    line.close()


def test_another_user_cannot_see_write_or_cancel_an_upload(anna: Person, ben: Person) -> None:
    location = anna.begin(MIB)
    as_his_own = location.replace(anna.ref, ben.ref)
    for path in (location, as_his_own):
        assert ben.client.head(path, headers=TUS).status_code == 404
        assert patch(ben.client, path, 0, b"x" * MIB).status_code == 404
        assert ben.client.delete(path, headers=TUS).status_code == 404
    assert offset(anna.client, location) == 0


def test_nobody_uploads_without_signing_in(server: Server, anna: Person) -> None:
    location = anna.begin(MIB)
    with httpx.Client(base_url=server.url) as nobody:
        assert create(nobody, "any", "chr20.vcf.gz", MIB).status_code == 401
        assert nobody.head(location, headers=TUS).status_code == 401
        assert patch(nobody, location, 0, b"x").status_code == 401
        assert nobody.delete(location, headers=TUS).status_code == 401
        assert nobody.options("/api/uploads/").status_code == 401


def test_a_viewer_may_not_upload_and_nobody_into_anothers_dataset(
    server: Server, person: Callable[..., Person], anna: Person, ben: Person
) -> None:
    viewer = person(server, "vera", "viewer")
    dataset = anna.dataset()
    assert create(viewer.client, dataset, "chr20.vcf.gz", MIB).status_code == 403
    assert create(ben.client, dataset, "chr20.vcf.gz", MIB).status_code == 404


@pytest.mark.parametrize(
    ("name", "size", "status", "words"),
    [
        ("chr20.zip", MIB, 415, ".vcf.gz, .bcf, .vcf"),
        ("../chr20.vcf.gz", MIB, 415, "no slash"),
        ("chr20.vcf.gz", 25 * MIB, 413, "24.0 MiB"),
        ("chr20.vcf.gz", 0, 413, "empty"),
    ],
)
def test_a_file_that_cannot_be_taken_is_refused_before_its_first_byte(
    anna: Person, name: str, size: int, status: int, words: str
) -> None:
    answer = create(anna.client, anna.dataset(), name, size)
    assert answer.status_code == status
    assert words in answer.json()["detail"]
    with db.session(db.FILES) as session:
        assert session.exec(select(Upload)).all() == []


def test_running_uploads_count_for_the_quota_until_they_are_cancelled(anna: Person) -> None:
    dataset = anna.dataset()
    first = anna.begin(20 * MIB, "chr1.vcf.gz", dataset)
    refused = create(anna.client, dataset, "chr2.vcf.gz", 20 * MIB)
    assert refused.status_code == 507
    assert "12.0 MiB of your 32.0 MiB are left" in refused.json()["detail"]
    assert anna.client.delete(first, headers=TUS).status_code == 204
    assert anna.client.head(first, headers=TUS).status_code == 404
    assert create(anna.client, dataset, "chr2.vcf.gz", 20 * MIB).status_code == 201


def test_an_upload_that_starts_anew_takes_the_place_of_the_unfinished_one(anna: Person) -> None:
    dataset = anna.dataset()
    abandoned = anna.begin(20 * MIB, "chr1.vcf.gz", dataset)
    anna.begin(20 * MIB, "chr1.vcf.gz", dataset)
    assert anna.client.head(abandoned, headers=TUS).status_code == 404


def test_a_dataset_has_one_file_of_a_name(anna: Person) -> None:
    dataset = anna.dataset()
    patch(anna.client, anna.begin(MIB, dataset=dataset), 0, content_of(MIB))
    stored_file()
    again = create(anna.client, dataset, "chr20.vcf.gz", MIB)
    assert again.status_code == 409
    assert "Delete it first" in again.json()["detail"]


def test_the_disk_is_never_filled_to_the_brim(
    anna: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = anna.dataset()
    monkeypatch.setattr(settings(), "free_disk_floor_bytes", 1024**5)
    with (
        pytest.raises(Refused, match="disk is nearly full"),
        db.session(db.FILES) as session,
    ):
        uploads.begin_upload(
            session,
            actor=anna.actor,
            dataset_ref=dataset,
            name="chr20.vcf.gz",
            size=MIB,
            tus_id="a",
        )


@pytest.mark.parametrize(
    "headers",
    [
        {"Upload_Concat": "partial"},
        {"Upload_Concat": "final;/api/uploads/a /api/uploads/b"},
        {"Upload_Defer_Length": "1"},
        {"X_HTTP_Method_Override": "DELETE"},
    ],
)
def test_extensions_that_would_pass_the_checks_by_are_off(
    anna: Person, headers: dict[str, str]
) -> None:
    assert create(anna.client, anna.dataset(), "chr20.vcf.gz", MIB, **headers).status_code == 400


def test_bytes_in_the_creating_request_are_refused(anna: Person) -> None:
    answer = anna.client.post(
        "/api/uploads/", content=b"x", headers={**TUS, "Upload-Length": "1", "Upload-Metadata": ""}
    )
    assert answer.status_code == 400


def test_a_file_cannot_grow_beyond_what_was_declared(anna: Person) -> None:
    location = anna.begin(MIB)
    assert patch(anna.client, location, 0, b"x" * (MIB + 1)).status_code == 400
    assert offset(anna.client, location) <= MIB


def test_no_caller_can_make_the_location_point_elsewhere(anna: Person) -> None:
    answer = create(
        anna.client,
        anna.dataset(),
        "chr20.vcf.gz",
        MIB,
        X_Forwarded_Host="evil.example",
        X_Forwarded_Proto="ftp",
    )
    assert answer.headers["location"].startswith(f"/api/uploads/{anna.ref}-")


def test_another_sites_page_cannot_upload_with_our_cookie(anna: Person) -> None:
    answer = create(anna.client, anna.dataset(), "chr20.vcf.gz", MIB, Origin="https://evil.example")
    assert answer.status_code == 403


def test_an_upload_into_a_dataset_that_was_deleted_ends(anna: Person) -> None:
    dataset = anna.dataset()
    location = anna.begin(MIB, dataset=dataset)
    with db.session(db.FILES) as session:
        datasets.delete_dataset(session, actor=anna.actor, dataset_ref=dataset)
    assert patch(anna.client, location, 0, content_of(MIB)).status_code == 404

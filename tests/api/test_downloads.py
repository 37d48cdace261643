"""A stored file is sent to its owner, whole or in part, and to nobody else."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from app.domain import files, store
from models import db
from tests.support.people import sign_in
from tests.support.servers import Server, serve

CONTENT = bytes(range(256)) * 4096

pytestmark = pytest.mark.usefixtures("databases")


@pytest.fixture(scope="module")
def server(postgres: str) -> Iterator[Server]:
    started = serve("tests.support.web:app")
    yield started
    started.stop()


@pytest.fixture
def owner() -> tuple[str, dict[str, str]]:
    return sign_in("anna")


@pytest.fixture
def result(owner: tuple[str, dict[str, str]], tmp_path: Path) -> files.FileRow:
    (tmp_path / "out").write_bytes(CONTENT)
    content = store.ingest_path(tmp_path / "out")
    with db.session(db.FILES) as session:
        return files.add_result(
            session, owner_ref=owner[0], job_ref="job", name="chr20 dosé.vcf.gz", content=content
        )


def get(server: Server, ref: str, cookies: dict[str, str], **headers: str) -> httpx.Response:
    return httpx.get(f"{server.url}/api/files/{ref}", cookies=cookies, headers=headers)


def test_the_owner_gets_the_file_as_an_attachment_that_no_cache_keeps(
    server: Server, owner: tuple[str, dict[str, str]], result: files.FileRow
) -> None:
    answer = get(server, result.ref, owner[1])
    assert answer.status_code == 200
    assert answer.content == CONTENT
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["etag"] == f'"{result.sha256}"'
    disposition = answer.headers["content-disposition"]
    assert disposition == "attachment; filename*=utf-8''chr20%20dos%C3%A9.vcf.gz"


def test_an_interrupted_download_goes_on_with_a_range(
    server: Server, owner: tuple[str, dict[str, str]], result: files.FileRow
) -> None:
    part = get(server, result.ref, owner[1], Range="bytes=1000-1999")
    assert part.status_code == 206
    assert part.content == CONTENT[1000:2000]
    assert part.headers["content-range"] == f"bytes 1000-1999/{len(CONTENT)}"
    rest = get(
        server,
        result.ref,
        owner[1],
        Range="bytes=1000000-",
        **{"If-Range": f'"{result.sha256}"'},
    )
    assert (rest.status_code, rest.content) == (206, CONTENT[1_000_000:])


def test_head_tells_the_size_without_the_bytes(
    server: Server, owner: tuple[str, dict[str, str]], result: files.FileRow
) -> None:
    answer = httpx.head(f"{server.url}/api/files/{result.ref}", cookies=owner[1])
    assert answer.status_code == 200
    assert answer.headers["content-length"] == str(len(CONTENT))
    assert answer.content == b""


def test_for_anybody_else_the_file_does_not_exist(server: Server, result: files.FileRow) -> None:
    assert get(server, result.ref, sign_in("ben")[1]).status_code == 404
    assert get(server, "no-such-file", sign_in("carl")[1]).status_code == 404
    assert get(server, result.ref, {}).status_code == 401


def test_an_administrator_and_an_auditor_may_read_anybodys_result(
    server: Server, result: files.FileRow
) -> None:
    assert get(server, result.ref, sign_in("root", "administrator")[1]).status_code == 200
    assert get(server, result.ref, sign_in("otto", "auditor")[1]).status_code == 200

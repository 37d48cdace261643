"""Outputs are found in every shape, and read over HTTP or from a shared folder, never elsewhere."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.connectors.base import Endpoint, RemoteFile
from app.connectors.client import PUBLIC_ONLY, open_client
from app.connectors.errors import InvalidAnswer, NotAuthorised, Rejected, Unreachable, Unsupported
from app.connectors.wes import WesConnector
from tests.connectors import shapes
from tests.connectors.loopback import Request, Server, reply, serving
from tests.connectors.shapes import BASE, Service, recorded

pytestmark = pytest.mark.anyio

CONTENT = bytes(range(256)) * 40


async def outputs_of(outputs: Any, **api_config: Any) -> list[RemoteFile]:
    run = {"run_id": "1", "state": "COMPLETE", "outputs": outputs}
    details = await Service({"GET /runs/1": run}, **api_config).connector.details("1")
    return list(details.outputs)


async def test_sapporo_s_list_is_asked_for_at_the_address_that_works() -> None:
    run_id = recorded("sapporo", "run_imputed")["run_id"]
    body = recorded("sapporo", "run_imputed")
    service = Service({f"GET /runs/{run_id}": body})
    files = (await service.connector.details(run_id)).outputs
    assert [file.name for file in files][3:] == [
        "study1.imputed.vcf.gz",
        "study1.imputed.vcf.gz.tbi",
    ]
    assert files[0].location == f"{BASE}/runs/{run_id}/outputs/info.tsv"
    assert all(file.can_download for file in files)


async def test_toil_s_cwl_object_stays_on_its_disk_with_names_and_sizes() -> None:
    files = await outputs_of(recorded("toil", "run_imputed")["outputs"])
    found = {file.name: file.size for file in files}
    assert found["study1.imputed.vcf.gz"] == 175690
    assert len(found) == 5
    assert not any(file.can_download for file in files)


async def test_other_servers_shapes_are_read_too() -> None:
    kit = await outputs_of(shapes.STARTER_KIT_RUN["outputs"])
    assert [file.name for file in kit] == ["summary.txt", "imputed.vcf.gz"]
    weskit = await outputs_of(shapes.WESKIT_RUN["outputs"])
    assert [file.location for file in weskit] == shapes.WESKIT_RUN["outputs"]["filesystem"]
    assert [file.name for file in weskit][2] == "imputed.vcf.gz"
    cromwell = await outputs_of(shapes.CROMWELL_RUN["outputs"])
    assert [file.name for file in cromwell] == ["imputed.vcf.gz", "one.log", "two.log"]
    assert not any(file.can_download for file in [*kit, *weskit, *cromwell])


async def test_nested_files_folders_and_companions_are_all_found() -> None:
    outputs = {
        "vcf": {
            "class": "File",
            "location": "file:///r/a%20b.vcf.gz",
            "secondaryFiles": [{"class": "File", "location": "file:///r/a%20b.vcf.gz.tbi"}],
        },
        "more": {
            "class": "Directory",
            "location": "file:///r/d",
            "listing": [
                {"class": "File", "path": "/r/d/one", "size": 1},
                {
                    "class": "Directory",
                    "listing": [{"class": "File", "location": "file:///r/d/e/two"}],
                },
            ],
        },
        "record": {"parts": [[{"class": "File", "location": "https://x.org/f/three?sig=1"}], None]},
        "none": None,
        "number": 3,
        "text": "not a file",
    }
    files = await outputs_of(outputs)
    assert [file.name for file in files] == ["a b.vcf.gz", "a b.vcf.gz.tbi", "one", "two", "three"]
    assert [file.can_download for file in files] == [False] * 4 + [True]


@pytest.mark.parametrize("outputs", [None, [], {}, "x", 3, [None], {"filesystem": None}])
async def test_no_outputs_are_no_error(outputs: Any) -> None:
    assert await outputs_of(outputs) == []


async def test_a_file_s_name_has_no_folders_whatever_the_service_calls_it() -> None:
    files = await outputs_of(
        [
            {"file_name": "../../etc/passwd", "file_url": "https://x.org/1"},
            {"file_name": "..", "file_url": "https://x.org/%2e%2e%2fsecret"},
            {"file_name": "/", "file_url": "https://x.org/"},
        ]
    )
    assert [file.name for file in files] == ["passwd", "secret", "output"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "shared" / "run" / "outputs").mkdir(parents=True)
    (tmp_path / "shared" / "run" / "outputs" / "a b.vcf.gz").write_bytes(CONTENT)
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "shared" / "link").symlink_to(tmp_path / "secret")
    return tmp_path / "shared"


async def read(
    connector: WesConnector, file: RemoteFile, offset: int = 0
) -> tuple[int, int | None, bytes]:
    async with connector.open(file, offset=offset) as download:
        body = b"".join([chunk async for chunk in download.chunks])
        return download.offset, download.size, body


def sharing(folder: Path) -> dict[str, Any]:
    return {"shared_folder": {"remote": "/srv/wes", "local": str(folder)}}


async def test_a_file_in_a_declared_shared_folder_is_read_from_there(folder: Path) -> None:
    location = "file:///srv/wes/run/outputs/a%20b.vcf.gz"
    (file,) = await outputs_of({"x": {"class": "File", "location": location}}, **sharing(folder))
    assert (file.name, file.can_download) == ("a b.vcf.gz", True)
    connector = Service({}, **sharing(folder)).connector
    assert await read(connector, file) == (0, len(CONTENT), CONTENT)
    assert await read(connector, file, 1000) == (1000, len(CONTENT), CONTENT[1000:])
    assert await read(connector, file, 10**6) == (0, len(CONTENT), CONTENT)


@pytest.mark.parametrize(
    "location",
    [
        "file:///srv/wes/../secret",
        "file:///srv/wes/run/%2e%2e/%2e%2e/secret",
        "/srv/wes/run/../../secret",
        "file:///srv/wes/link",
        "/srv/wesx/secret",
        "file:///etc/passwd",
    ],
)
async def test_nothing_outside_the_shared_folder_is_ever_read(folder: Path, location: str) -> None:
    connector = Service({}, **sharing(folder)).connector
    with pytest.raises((Rejected, Unsupported)):
        await read(connector, RemoteFile("secret", location))
    (file,) = await outputs_of([location], **sharing(folder))
    assert file.can_download is location.endswith("link")  # only its content tells


async def test_a_shared_folder_that_is_not_mounted_now_can_be_tried_again(folder: Path) -> None:
    connector = Service({}, **sharing(folder / "elsewhere")).connector
    with pytest.raises(Unreachable, match="mounted"):
        await read(connector, RemoteFile("x", "file:///srv/wes/x"))


async def test_a_file_on_the_service_s_disk_says_what_an_administrator_can_do() -> None:
    with pytest.raises(Unsupported, match="administrator"):
        await read(Service({}).connector, RemoteFile("x", "file:///srv/wes/x"))


@pytest.mark.parametrize(
    "declared", [None, "x", {}, {"remote": "/r"}, {"remote": "r", "local": "l"}, [None], 3]
)
async def test_an_incomplete_shared_folder_counts_as_none(declared: Any) -> None:
    (file,) = await outputs_of(["file:///r/x"], shared_folder=declared)
    assert not file.can_download


def ranged(request: Request) -> bytes:
    """A file server that knows ranges."""
    start = int(request.headers.get("range", "bytes=0-")[6:-1])
    if start >= len(CONTENT):
        return reply(b"", 416, content_range=f"bytes */{len(CONTENT)}")
    if not start:
        return reply(CONTENT)
    extent = f"bytes {start}-{len(CONTENT) - 1}/{len(CONTENT)}"
    return reply(CONTENT[start:], 206, content_range=extent)


async def download(server: Server, offset: int = 0, name: str = "x.vcf.gz") -> tuple[Any, ...]:
    async with open_client(request_timeout=1) as client:
        connector = WesConnector(client, Endpoint(server.url, "s3cret"))
        return await read(connector, RemoteFile(name, f"{server.url}/files/x"), offset)


async def test_a_download_continues_where_it_was_left() -> None:
    async with serving(ranged) as server:
        assert await download(server) == (0, len(CONTENT), CONTENT)
        assert await download(server, 4000) == (4000, len(CONTENT), CONTENT[4000:])
        assert server.requests[-1].headers["range"] == "bytes=4000-"
        assert server.requests[-1].headers["accept-encoding"] == "identity"
        assert server.requests[-1].headers["authorization"] == "Bearer s3cret"


async def test_a_download_that_was_complete_has_nothing_left() -> None:
    async with serving(ranged) as server:
        assert await download(server, len(CONTENT)) == (len(CONTENT), len(CONTENT), b"")


async def test_a_download_starts_again_when_the_file_is_shorter_now_or_ranges_are_ignored() -> None:
    async with serving(ranged) as server:
        assert await download(server, 10**6) == (0, len(CONTENT), CONTENT)
    async with serving(lambda _: reply(CONTENT)) as server:
        assert await download(server, 4000) == (0, len(CONTENT), CONTENT)


async def test_another_part_than_was_asked_for_is_refused() -> None:
    part = reply(CONTENT[10:], 206, content_range=f"bytes 10-{len(CONTENT) - 1}/{len(CONTENT)}")
    async with serving(lambda _: part) as server:
        with pytest.raises(InvalidAnswer):
            await download(server, 4000)


async def test_a_download_that_breaks_off_is_no_complete_file() -> None:
    async def half(request: Request, writer: Any) -> None:
        writer.write(reply(CONTENT)[:-100])
        writer.close()

    async with serving(half) as server:
        with pytest.raises(Unreachable):
            await download(server)


@pytest.mark.parametrize("status", [200, 500])
async def test_a_download_that_crawls_is_given_up(status: int) -> None:
    async def crawl(request: Request, writer: Any) -> None:
        writer.write(reply(b"x" * 10**6, status)[:-999_999])
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.02)

    async with serving(crawl) as server:
        with pytest.raises(Unreachable):
            await download(server)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (reply("<html>", content_type="text/html"), InvalidAnswer),
        (reply({"msg": "expired"}, 403), NotAuthorised),
        (reply({"msg": "gone"}, 404), Rejected),
    ],
)
async def test_what_comes_instead_of_the_file_is_not_taken_for_it(
    answer: bytes, kind: type[Exception]
) -> None:
    async with serving(lambda _: answer) as server:
        with pytest.raises(kind):
            await download(server)


async def test_a_file_that_is_packed_on_the_way_is_refused_unless_that_is_its_own_packing() -> None:
    async with serving(lambda _: reply(CONTENT, content_encoding="gzip")) as server:
        assert (await download(server, name="x.vcf.gz"))[2] == CONTENT
        with pytest.raises(InvalidAnswer):
            await download(server, name="stats.json")


async def test_an_output_on_another_host_is_asked_for_without_the_token() -> None:
    service = Service({"GET /elsewhere": httpx.Response(200, content=b"x")}, token="s3cret")
    await read(service.connector, RemoteFile("x", "http://files.invalid/elsewhere"))
    assert "authorization" not in service.requests[0].headers


async def test_a_service_outside_cannot_make_us_read_an_output_inside() -> None:
    requests: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return httpx.Response(200, content=b"x")

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
        for base in ("http://8.8.8.8/wes", "http://10.0.0.4/wes"):
            await read(
                WesConnector(client, Endpoint(base)), RemoteFile("x", "http://10.0.0.5/secret")
            )
    assert [bool(request.extensions.get(PUBLIC_ONLY)) for request in requests] == [True, False]

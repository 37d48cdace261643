"""A service that tells nonsense about results and logs, or hands out something else."""

import gzip
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from models import db
from models.jobs import JobResult
from tests.hostile.conftest import Ordeal, Survives
from tests.hostile.tricks import HTML, about_the_run, endless, in_turn, packed, says
from tests.support.hostile import Peer, Trick, file_head
from tests.support.working import IMPUTED

BIG = gzip.compress(b"##fileformat=VCFv4.2\n" + os.urandom(300_000).hex().encode(), 1)
OTHER = gzip.compress(b"##fileformat=VCFv4.2\n" + os.urandom(300_000).hex().encode(), 1)


def output(name: str, location: str = "", **more: Any) -> dict[str, Any]:
    return {"class": "File", "basename": name, "location": location or f"/data/{name}", **more}


def outputs(*entries: Any) -> Trick:
    """The run log with these outputs beside the good one."""

    def answer(peer: Peer) -> None:
        body = peer.wes.run_log(peer.run())
        peer.reply(body | {"outputs": {"good": body["outputs"], "bad": list(entries)}})

    return answer


@pytest.mark.parametrize(
    "name",
    ["../../x", "/etc/passwd", "a\x00b", "..", "x" * 100_000, "\n"],
    ids=["../../x", "absolute", "NUL", "dots", "100 kB", "a line end"],
)
def test_an_output_is_called(name: str, survives: Survives, data_dir: Path) -> None:
    before = {path for path in data_dir.parent.iterdir() if path.name in ("x", "passwd")}
    survives("run log", outputs(output(name)), is_lost=False, may_go_on=True)
    assert before == {path for path in data_dir.parent.iterdir() if path.name in ("x", "passwd")}


def test_there_are_10_000_outputs(survives: Survives) -> None:
    many = [output(f"part-{number}.txt") for number in range(10_000)]
    survives("run log", outputs(*many), is_lost=False, may_go_on=True)


@pytest.mark.parametrize(
    "size", [-1, 1, 2**40, 2**63, 10**100, True, "12", None], ids=lambda size: repr(size)[:12]
)
def test_an_output_says_that_its_size_is(size: Any, survives: Survives) -> None:
    def answer(peer: Peer) -> None:
        body = peer.wes.run_log(peer.run())
        url = body["outputs"][0]["file_url"]
        peer.reply(body | {"outputs": {"a": output("imputed.vcf.gz", url, size=size)}})

    survives("run log", answer, is_lost=False, may_go_on=True)


@pytest.mark.parametrize("value", [7, "x", True, None, [], {}], ids=repr)
def test_a_complete_run_has_outputs_that_are(value: Any, survives: Survives) -> None:
    def answer(peer: Peer) -> None:
        peer.reply(peer.wes.run_log(peer.run()) | {"outputs": value})

    survives("run log", answer)


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest/meta-data/iam",
        "http://[fe80::1]/x",
        "file:///etc/shadow",
        "http://100.100.100.200/",
        "http://" + "a" * 70_000,
        "http://[::1",
    ],
    ids=["metadata", "link-local", "file", "another metadata", "70 kB", "broken"],
)
def test_a_log_is_at(url: str, survives: Survives) -> None:
    trick = about_the_run(run_log={"stdout": url, "stderr": url})
    survives("run log", trick, is_lost=False, may_go_on=True)


def bombs() -> Iterator[tuple[str, Any]]:
    """Texts on which a careless pattern works for hours, and long ones."""
    yield "ANSI codes without end", "\x1b[" + "1;" * 400_000
    yield "an ANSI title that never ends", "\x1b]0;" + "x" * 900_000
    yield "300,000 ANSI codes", "\x1b[31m" * 300_000
    yield "many beginnings of a failure", "stderr follows:\n=>\n" * 40_000
    yield "20 MB in one line", "x" * 20_000_000
    yield "2 million lines", "\n" * 2_000_000
    yield "backslashes", "\\" * 1_500_000
    yield "wide characters", "😀" * 400_000


@pytest.mark.parametrize(("name", "text"), list(bombs()), ids=[name for name, _ in bombs()])
def test_a_log_in_the_run_log_is(name: str, text: str, survives: Survives) -> None:
    trick = about_the_run(run_log={"stdout": text, "stderr": text, "exit_code": 0})
    survives("run log", trick, is_lost=False, may_go_on=True)


@pytest.mark.parametrize("trick", ["never ends", "is a page", "hangs", "is packed 200 MB"])
def test_a_log_behind_a_url(trick: str, survives: Survives) -> None:
    tricks: dict[str, Trick] = {
        "never ends": endless,
        "is a page": says(HTML, kind="text/html"),
        "hangs": Peer.hang,
        "is packed 200 MB": packed("gzip", gzip.compress(b"x" * 200_000_000, 1)),
    }
    survives("log", tricks[trick], is_lost=False, may_go_on=True)


def test_two_hundred_tasks_failed_with_long_logs(survives: Survives) -> None:
    task = {"name": "t", "exit_code": 1, "stderr": "e" * 100_000}
    survives("run log", about_the_run(task_logs=[task] * 200), is_lost=False, may_go_on=True)


def sized(size: int, body: bytes, *lines: str) -> Trick:
    return lambda peer: peer.send(file_head(size, 0, *lines), body)


@pytest.mark.parametrize(
    ("trick"),
    [
        pytest.param(sized(len(IMPUTED) + 50, IMPUTED), id="shorter than it says"),
        pytest.param(says(HTML, kind="text/html"), id="a web page"),
        pytest.param(says(HTML), id="a web page without its type"),
        pytest.param(says(b""), id="empty"),
        pytest.param(says(b"", 204), id="204"),
        pytest.param(says(IMPUTED[:-9]), id="cut without saying so"),
        pytest.param(says({"msg": "gone"}, 404), id="404 for a moment"),
        pytest.param(says(b"", 403), id="403"),
        pytest.param(lambda peer: peer.send(file_head(10**30, 0), IMPUTED), id="10^30 bytes"),
    ],
)
def test_a_result_is(trick: Trick, survives: Survives) -> None:
    survives("download", trick)


def test_a_result_never_ends_and_stops_at_the_room_that_the_disk_must_keep(
    survives_on_a_full_disk: Survives,
) -> None:
    def answer(peer: Peer) -> None:
        peer.send(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
        peer.flood(b"x" * 1024**2, 100_000)

    seen = survives_on_a_full_disk("download", answer, is_lost=False)
    assert seen.held_reason == "no_room"


class Changing:
    """A file that is cut the first time, and has another content and ETag afterwards."""

    def __init__(self, *, minds_if_range: bool, has_etag: bool = True) -> None:
        self.minds, self.has_etag, self.asked = minds_if_range, has_etag, 0

    def __call__(self, peer: Peer) -> None:
        self.asked += 1
        headers = peer.request.headers
        if self.asked == 1:
            peer.send(file_head(len(BIG), 0, 'ETag: "first"'), BIG[:100_000])
            return
        start = int(headers.get("range", "bytes=0-").removeprefix("bytes=").removesuffix("-"))
        if start:
            assert headers["if-range"] == '"first"'
        if self.minds and headers.get("if-range", '"second"') != '"second"':
            start = 0
        peer.send(file_head(len(OTHER), start, 'ETag: "second"'), OTHER[start:])


@pytest.mark.parametrize("minds_if_range", [True, False], ids=["If-Range", "no If-Range"])
def test_a_result_that_changed_between_two_ranges_is_fetched_anew(
    minds_if_range: bool, ordeal: Ordeal
) -> None:
    ordeal.reach("download")
    ordeal.wes.tricks["download"] = Changing(minds_if_range=minds_if_range)
    ordeal.suffer("download", may_go_on=True)
    with db.session(db.JOBS) as session:
        result = session.exec(select(JobResult)).one()
    assert (result.state, result.size) == ("fetched", len(OTHER))
    ordeal.recover()


def test_a_range_that_is_packed_once_more(ordeal: Ordeal) -> None:
    ordeal.reach("download")
    for run in ordeal.wes.runs.values():
        run.files = {"imputed.vcf.gz": BIG}

    def part(peer: Peer) -> None:
        start = int(peer.request.headers.get("range", "bytes=0-")[6:-1])
        body = gzip.compress(BIG[start:])
        peer.send(file_head(start + len(body), start, "Content-Encoding: gzip"), body)

    ordeal.wes.tricks["download"] = in_turn(sized(len(BIG), BIG[:100_000]), part)
    ordeal.suffer("download")
    ordeal.recover()

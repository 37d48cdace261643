"""Servers that tests start as processes of their own, on loopback, and end with all they began."""

import os
import signal
import socket
import subprocess
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).parents[2]


def free_port() -> int:
    """Return a loopback port that nothing listens on at the moment."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@contextmanager
def running(
    command: list[str], *, folder: Path, answers_at: str, environment: Mapping[str, str]
) -> Iterator[Path]:
    """Run a server in `folder` until the block ends, with everything that it has started.

    Waits until the URL `answers_at` gives 200, and yields the server's log, `server.log`. The
    server sees `environment` and little else of ours.
    """
    mark = f"FGIP_TEST_SERVER={uuid.uuid4()}"
    kept = {key: os.environ[key] for key in ("LANG", "PATH", "TMPDIR") if key in os.environ}
    marked = kept | dict(environment) | dict([mark.split("=")])
    log = folder / "server.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=marked,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _wait_until_it_answers(answers_at, process, log)
        yield log
    finally:
        _kill_marked(mark)
        process.wait(10)


def _wait_until_it_answers(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(url, timeout=5).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    pytest.fail(f"{url} never answered. Its log ends:\n{log.read_text()[-2000:]}", pytrace=False)


def _processes_marked(mark: str) -> list[int]:
    """Return the ids of all processes whose environment holds `mark`.

    A run is forked into process groups and sessions of its own, and outlives its server; but
    whatever it starts inherits the environment.
    """
    found = []
    for environment in Path("/proc").glob("[0-9]*/environ"):
        try:
            if mark.encode() in environment.read_bytes():
                found.append(int(environment.parent.name))
        except OSError:  # gone meanwhile, or another user's
            continue
    return found


def _kill_marked(mark: str) -> None:
    for wanted in (signal.SIGTERM, signal.SIGKILL):
        for process_id in _processes_marked(mark):
            try:
                os.kill(process_id, wanted)
            except ProcessLookupError:
                continue
        deadline = time.monotonic() + 5
        while _processes_marked(mark) and time.monotonic() < deadline:
            time.sleep(0.1)

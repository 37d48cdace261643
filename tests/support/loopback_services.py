"""Many WES services on loopback in one cheap process, each at an address of its own.

Each answers every request with a service-info of some 500 bytes, after the given time; every
so many of them (`--hanging-every`) takes requests and never answers. The process listens on
127.1.0.1 and the following addresses only, says "ready" on its output, and ends when its input
does.
"""

import argparse
import asyncio
import json
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from ipaddress import IPv4Address
from pathlib import Path

FIRST = IPv4Address("127.1.0.1")
FILES = 20_000
INFO = {
    "id": "org.example.wes",
    "name": "Loopback WES",
    "type": {"group": "org.ga4gh", "artifact": "wes", "version": "1.1.0"},
    "organization": {"name": "Example", "url": "https://example.org"},
    "version": "9.6.0",
    "workflow_type_versions": {"CWL": {"workflow_type_version": ["v1.2"]}},
    "supported_wes_versions": ["1.1.0"],
    "supported_filesystem_protocols": ["file", "https"],
    "workflow_engine_versions": {"cwltool": {"workflow_engine_version": ["3.1"]}},
    "default_workflow_engine_parameters": [],
    "system_state_counts": {"QUEUED": 2, "RUNNING": 1, "COMPLETE": 1200, "EXECUTOR_ERROR": 7},
    "auth_instructions_url": "https://example.org/auth",
    "tags": {},
}
BODY = json.dumps(INFO).encode()
HEAD = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
ANSWER = f"{HEAD}Content-Length: {len(BODY)}\r\n\r\n".encode() + BODY


def address(number: int) -> str:
    """The address of one of the services."""
    return str(FIRST + number)


class Service(asyncio.Protocol):
    def __init__(self, seconds: float | None) -> None:
        self._seconds = seconds
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        if self._seconds is not None and data.endswith(b"\r\n\r\n"):
            closes = b"connection: close" in data.lower()
            asyncio.get_running_loop().call_later(self._seconds, self._answer, closes)

    def _answer(self, closes: bool) -> None:
        assert self._transport
        self._transport.write(ANSWER)
        if closes:
            self._transport.close()


async def serve(port: int, count: int, seconds: float, hanging_every: int) -> None:
    loop = asyncio.get_running_loop()
    for number in range(count):
        hangs = hanging_every and number % hanging_every == 0
        wait = None if hangs else seconds
        await loop.create_server(partial(Service, wait), address(number), port, backlog=16)
    print("ready", flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


@contextmanager
def running(
    port: int, count: int, *, seconds: float = 2.0, hanging_every: int = 0
) -> Iterator[None]:
    """Run the services in a process of their own for the length of the block."""
    command = [sys.executable, "-m", "tests.support.loopback_services", str(port), str(count)]
    process = subprocess.Popen(
        [*command, "--seconds", str(seconds), "--hanging-every", str(hanging_every)],
        cwd=Path(__file__).parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdin and process.stdout
    try:
        if process.stdout.readline() != b"ready\n":
            raise SystemExit("the services do not listen")
        yield
    finally:
        process.stdin.close()
        process.kill()
        process.wait()
        process.stdout.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("count", type=int)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--hanging-every", type=int, default=0)
    options = parser.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    most = FILES if hard == resource.RLIM_INFINITY else min(FILES, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    asyncio.run(serve(options.port, options.count, options.seconds, options.hanging_every))


if __name__ == "__main__":
    main()

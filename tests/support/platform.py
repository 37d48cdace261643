"""The platform's own processes, as people run them."""

import os
import subprocess
import sys
import time
from pathlib import Path

import httpx

from scripts import frontend
from tests.support.processes import ROOT, free_port
from tests.support.servers import Server


def start_web(*, log: Path | None = None, **environment: str) -> Server:
    """Build the pages if they changed, and serve them, the socket and the API on a free port.

    What the process says goes to `log`, if there is one.
    """
    frontend.build()
    port = free_port()
    own = {"FGIP_PORT": str(port), "FGIP_PUBLIC_URL": f"http://127.0.0.1:{port}", **environment}
    server = Server("scripts.web", port, _start("scripts.web", own, log))
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert server.process.poll() is None, "the web process ended at its start"
        try:
            if httpx.get(f"{server.url}/sign-in/", timeout=5).status_code == 200:
                return server
        except httpx.TransportError:
            time.sleep(0.1)
    server.stop()
    raise AssertionError("the web process did not answer within a minute")


def start_worker(*, log: Path | None = None, **environment: str) -> Server:
    """Start a worker on the same databases. What it says goes to `log`, if there is one."""
    return Server("workers", 0, _start("workers", environment, log))


def _start(module: str, environment: dict[str, str], log: Path | None) -> subprocess.Popen[bytes]:
    with (log or Path(os.devnull)).open("wb") as output:
        return subprocess.Popen(
            [sys.executable, "-m", module],
            cwd=ROOT,
            env={**os.environ, **environment},
            stdout=output if log else None,
            stderr=subprocess.STDOUT if log else None,
            start_new_session=True,
        )

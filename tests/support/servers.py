"""Real servers on free loopback ports, ended by process id."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass

import httpx

from tests.support.processes import ROOT, free_port


@dataclass
class Server:
    """An ASGI app in granian, in processes of its own."""

    target: str
    port: int
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """End the server and its workers; SIGKILL leaves them no last word."""
        os.killpg(self.process.pid, how)
        self.process.wait(timeout=30)


def serve(target: str, *, port: int = 0, **environment: str) -> Server:
    """Start an ASGI app and wait until it answers."""
    port = port or free_port()
    command = [sys.executable, "-m", "granian", "--interface", "asgi", "--port", str(port)]
    process = subprocess.Popen(
        [*command, "--log-level", "warning", target],
        cwd=ROOT,
        env={**os.environ, **environment},
        start_new_session=True,
    )
    server = Server(target, port, process)
    for _ in range(300):
        try:
            httpx.get(f"{server.url}/no-such-page", timeout=5)
        except httpx.TransportError:
            assert process.poll() is None, f"{target} ended at its start"
            time.sleep(0.1)
        else:
            return server
    server.stop(signal.SIGKILL)
    raise AssertionError(f"{target} did not answer within 30 seconds")

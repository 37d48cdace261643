"""The whole platform, started as a person starts it, on a free port and a data folder of its own.

with running(folder) as platform:
    httpx.get(platform.url)
"""

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from tests.support.processes import ROOT, free_port


@dataclass
class Platform:
    """A started platform: its address, and what it printed until it was ready."""

    process: "subprocess.Popen[str]"
    url: str
    folder: Path
    printed: list[str] = field(default_factory=list)

    @property
    def output(self) -> str:
        """Return what it has printed while it was read."""
        return "".join(self.printed)

    @property
    def setup_link(self) -> str | None:
        """Return the link that makes the first administrator, if it was printed."""
        found = re.search(r"http\S+/setup\?token=\S+", self.output)
        return found[0] if found else None

    def read_until(self, text: str) -> None:
        """Read what it prints until a line holds `text`."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.printed.append(line)
            if text in line:
                return
        pytest.fail(f"it ended before it printed “{text}”:\n{self.output}", pytrace=False)

    def children(self, module: str = "") -> list[psutil.Process]:
        """Find its processes, or those of them that run a module."""
        found = psutil.Process(self.process.pid).children(recursive=True)
        return [child for child in found if not module or module in child.cmdline()]

    def postgres(self) -> psutil.Process:
        """Return its embedded PostgreSQL, which runs in a session of its own."""
        return psutil.Process(int((self.folder / "postgres/postmaster.pid").read_text().split()[0]))

    def send(self, signal_number: int) -> int:
        """Send a signal, and return the code with which the platform ended."""
        self.process.send_signal(signal_number)
        return self.process.wait(30)


@contextmanager
def running(
    folder: Path, *options: str, environment: Mapping[str, str] | None = None
) -> Iterator[Platform]:
    """Run the platform on a data folder until the block ends."""
    port = free_port()
    if "--demo" not in options:
        options = ("--data-dir", str(folder), *options)
    process = launch("--port", str(port), *options, env=environment)
    platform = Platform(process, f"http://127.0.0.1:{port}", folder)
    try:
        platform.read_until("Ctrl-C stops everything")
        yield platform
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait(30)
        assert process.stdout is not None
        process.stdout.close()


def launch(*options: str, env: Mapping[str, str] | None = None) -> "subprocess.Popen[str]":
    """Start the launcher without the settings of this run; a test reads what it prints."""
    outside = {name: value for name, value in os.environ.items() if not name.startswith("FGIP_")}
    return subprocess.Popen(
        [sys.executable, "-m", "scripts.launch", *options],
        cwd=ROOT,
        env=outside | dict(env or {}),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def is_alive(process: psutil.Process) -> bool:
    """Tell whether a process runs; one that has ended and waits to be reaped does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def until(condition: Callable[[], bool], what: str, seconds: float = 30) -> None:
    """Wait for something to become true; fail with what it was."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            pytest.fail(f"waited {seconds:.0f} s in vain: {what}", pytrace=False)
        time.sleep(0.05)

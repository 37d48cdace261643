"""Child processes that never outlive this one, and are started again when they end too early."""

import asyncio
import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from scripts import ROOT

FIRST_DELAY = 1.0
LONGEST_DELAY = 60.0
# A child that ran this long was well, so the next failure waits the first delay again.
STEADY_SECONDS = 60.0
STOP_SECONDS = 15.0
# A child that has not answered by then, or failed so often, will not.
START_SECONDS = 120.0
START_FAILURES = 3

PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None

Command = Sequence[str | Path]


def die_with_parent() -> None:
    """Ask Linux to end this process when its parent is killed without a chance to do so."""
    if LIBC is not None:
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def run(command: Command) -> int:
    """Run a command to its end and return its code; end it, whole, if we are told to stop.

    It gets a process group of its own, so that Ctrl-C reaches it through us alone.
    """
    process = subprocess.Popen(
        command, cwd=ROOT, start_new_session=True, preexec_fn=die_with_parent
    )
    try:
        return process.wait()
    except BaseException:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        process.wait()
        raise


@dataclass(frozen=True)
class Child:
    """A process that should run as long as the platform does."""

    name: str
    command: Command


class Supervisor:
    """Keeps children running until it is told to stop."""

    def __init__(self) -> None:
        self.stopping = asyncio.Event()
        self.failures: dict[str, int] = {}
        self._tasks: list[asyncio.Task[None]] = []

    def start(self, child: Child) -> None:
        """Start a child, and again with a growing delay whenever it ends."""
        self.failures[child.name] = 0
        self._tasks.append(asyncio.create_task(self._keep(child)))

    async def until_it_answers(self, name: str, host: str, port: int, path: str) -> None:
        """Wait until a child serves a page, or we are told to stop; give up if it keeps failing."""
        deadline = time.monotonic() + START_SECONDS
        while not self.stopping.is_set() and not await answers(host, port, path):
            if time.monotonic() > deadline or self.failures[name] >= START_FAILURES:
                raise SystemExit(f"The {name} does not start; its messages are above.")
            await asyncio.sleep(0.1)

    async def stop(self) -> None:
        """End every child: first asked, after some seconds killed."""
        self.stopping.set()
        await asyncio.gather(*self._tasks)

    async def _keep(self, child: Child) -> None:
        delay = FIRST_DELAY
        while not self.stopping.is_set():
            started = time.monotonic()
            process = await asyncio.create_subprocess_exec(
                *child.command, cwd=ROOT, start_new_session=True, preexec_fn=die_with_parent
            )
            await self._ends_or_stops(process)
            if self.stopping.is_set():
                await end(process)
                return
            self.failures[child.name] += 1
            if time.monotonic() - started > STEADY_SECONDS:
                delay = FIRST_DELAY
            print(
                f"The {child.name} ended ({describe(process.returncode)}); "
                f"it is started again in {delay:.0f} s.",
                flush=True,
            )
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.stopping.wait(), delay)
            delay = min(2 * delay, LONGEST_DELAY)

    async def _ends_or_stops(self, process: asyncio.subprocess.Process) -> None:
        waiting = [
            asyncio.create_task(process.wait()),
            asyncio.create_task(self.stopping.wait()),
        ]
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for task in waiting:
            task.cancel()


async def answers(host: str, port: int, path: str) -> bool:
    """Tell whether a page is there."""
    try:
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        status = await reader.readline()
        writer.close()
    except OSError:
        return False
    return b" 200 " in status


async def end(process: asyncio.subprocess.Process) -> None:
    """End a child and everything that it started."""
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(process.wait(), STOP_SECONDS)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()


def describe(code: int | None) -> str:
    """Say how a process ended."""
    if code is None or code >= 0:
        return f"code {code}"
    return signal.Signals(-code).name

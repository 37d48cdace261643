"""The worker's duties in a process of their own, whose memory the kernel measures.

Each order forks a fresh process from one that has everything imported, so that no order uses memory
that an earlier one left behind. The kernel keeps the peak of resident memory (VmHWM), so that no
peak falls between two samples. What a page of a library adds when it is first touched counts too:
the figure is an upper bound.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Measured:
    """What came of an order. `surprises` are errors that the worker had not expected."""

    seconds: float
    grown_mb: float
    is_over_limit: bool
    surprises: list[str]


class Measurer:
    """The process that forks one for each order."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "tests.support.measured"],
            cwd=ROOT,
            env={**os.environ, **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def measure(self, *duties: str, turns: int, limit: float) -> Measured:
        """Run the duties (`module.function` of workers) so many times within `limit` seconds."""
        assert self._process.stdin and self._process.stdout
        order = {"duties": duties, "turns": turns, "limit": limit}
        print(json.dumps(order), file=self._process.stdin, flush=True)
        return Measured(**json.loads(self._process.stdout.readline()))

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(10)
        assert self._process.stdout
        self._process.stdout.close()


def _resident(name: str) -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1])
    raise LookupError(name)


def _obey(order: dict[str, Any]) -> dict[str, Any]:
    import structlog
    from structlog.testing import capture_logs

    from models import db
    from tests.support.working import make_due

    duties = [
        getattr(sys.modules[f"workers.{name.split('.')[0]}"], name.split(".")[1])
        for name in order["duties"]
    ]
    is_over_limit = False

    async def work() -> None:
        for _ in range(order["turns"]):
            await asyncio.to_thread(make_due)
            for duty in duties:
                await duty()

    structlog.reset_defaults()
    db.ping(db.JOBS)
    # Since now is the peak's beginning.
    Path("/proc/self/clear_refs").write_text("5")
    before, started = _resident("VmRSS"), time.monotonic()
    with capture_logs() as logs:
        try:
            asyncio.run(asyncio.wait_for(work(), order["limit"]))
        except TimeoutError:
            is_over_limit = True
    surprises = [str(log) for log in logs if log["log_level"] == "error"]
    return {
        "seconds": round(time.monotonic() - started, 2),
        "grown_mb": round((_resident("VmHWM") - before) / 1024, 1),
        "is_over_limit": is_over_limit,
        "surprises": surprises,
    }


def _serve() -> None:
    import workers.scheduler  # noqa: F401  (imports all of the worker)
    from app.config import settings
    from app.connectors.client import open_client
    from models import db

    db.configure(settings().database_urls)
    asyncio.run(open_client().aclose())
    for line in sys.stdin:
        order = json.loads(line)
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            # A worker whose event loop is held up for good does not see its own time limit.
            signal.alarm(int(order["limit"]) + 15)
            try:
                result = _obey(order)
            except Exception as error:
                result = {
                    "seconds": 0,
                    "grown_mb": 0,
                    "is_over_limit": False,
                    "surprises": [repr(error)],
                }
            os.write(writing, json.dumps(result).encode())
            os._exit(0)
        os.close(writing)
        with os.fdopen(reading, "rb") as answer:
            told = answer.read()
        os.waitpid(child, 0)
        stuck = {"seconds": order["limit"], "grown_mb": 0, "is_over_limit": True, "surprises": []}
        print(told.decode() or json.dumps(stuck), flush=True)


if __name__ == "__main__":
    _serve()

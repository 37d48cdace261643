"""How much memory the idle platform takes: `.venv/bin/python -m benchmarks.idle_memory`.

Starts it as `scripts/run` does on a fresh data folder, lets a browser's worth of requests pass,
waits until nothing happens, and adds up the proportional set size (PSS) of its processes, in which
a shared page counts once. PostgreSQL is left out: a site may have its own.
"""

import time
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import psutil

from tests.support.launcher import running

IDLE_SECONDS = 30
LIMIT_MB = 350


def pss_mb(process: psutil.Process) -> float:
    """Return a process's proportional set size in megabytes (10^6 bytes)."""
    rollup = Path(f"/proc/{process.pid}/smaps_rollup").read_text()
    (kib,) = [line.split()[1] for line in rollup.splitlines() if line.startswith("Pss:")]
    return int(kib) * 1024 / 1e6


def part_of(process: psutil.Process) -> str:
    """Name the part of the platform that a process is."""
    command = process.cmdline()
    return next((name for name in ("launch", "web", "workers") if name in command[2]), command[0])


def main() -> None:
    """Measure, and print a table."""
    with TemporaryDirectory() as folder, running(Path(folder)) as platform:
        for path in ("/", "/sign-in/", "/ping"):
            httpx.get(platform.url + path)
        time.sleep(IDLE_SECONDS)
        processes = [psutil.Process(platform.process.pid), *platform.children()]
        total = 0.0
        for process in processes:
            used = pss_mb(process)
            total += used
            print(f"{used:7.1f} MB  {part_of(process)}")
    print(f"{total:7.1f} MB  together, of {LIMIT_MB} MB allowed")
    raise SystemExit(total > LIMIT_MB)


if __name__ == "__main__":
    main()

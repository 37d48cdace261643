"""What probing a thousand services costs: `.venv/bin/python -m benchmarks.probe_sweep [--count N]`.

Loopback services answer after two seconds. All of them are due at one moment; a sweep is measured
from then until the last finding is written, with the computing time of the checker and of
PostgreSQL.
"""

import argparse
import asyncio
import time

from benchmarks.checking import costs, load, make_due, peak_mb, registry, states
from tests.support.loopback_services import running
from tests.support.processes import free_port

LEAD_SECONDS = 2.0
PROFILE = ""


async def sweep(count: int, name: str) -> None:
    from workers.health import Checker

    async with Checker(ahead_seconds=LEAD_SECONDS + 1) as checker:
        make_due(LEAD_SECONDS)
        due = time.monotonic() + LEAD_SECONDS
        with costs() as spent:
            await checker.turn()
            claimed = time.monotonic()
            await checker.idle()
            done = time.monotonic()
        (cost,) = spent
        print(
            f"{name}: {done - due:.2f} s from due to recorded (floor 2.00), "
            f"{cost.total * 1000 / count:.2f} CPU-s per 1,000 "
            f"({cost.own * 1000 / count:.2f} checker, {cost.postgres * 1000 / count:.2f} "
            f"PostgreSQL), claimed {due - claimed:.2f} s ahead, peak {peak_mb():.0f} MB, "
            f"found {states()}, {load()}",
            flush=True,
        )


async def sweeps(count: int, times: int) -> None:
    for number in range(times):
        await sweep(count, "cold" if number == 0 else "warm")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--times", type=int, default=3)
    options = parser.parse_args()
    port = free_port()
    with registry(options.count, port, probe_slots=options.count), running(port, options.count):
        asyncio.run(sweeps(options.count, options.times))


if __name__ == "__main__":
    main()

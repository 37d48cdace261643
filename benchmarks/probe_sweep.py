"""What probing a thousand services costs: `.venv/bin/python -m benchmarks.probe_sweep`.

Loopback services answer after two seconds. First all of them are due at one moment: a sweep is
measured from then until its last finding is written, with the computing time of the checker and of
PostgreSQL. The first sweep also writes down what each service is. Then they are probed every ten
seconds, by the checker and by prometheus with blackbox_exporter, one after the other.

`--count 5000` takes more services, `--alone` leaves prometheus out, `--times 5` sweeps more often.
"""

import argparse
import time
from multiprocessing import Pipe
from typing import Any

from benchmarks import blackbox
from benchmarks.checking import (
    check_for,
    costs,
    found,
    in_a_worker,
    load,
    make_due,
    peak_mb,
    registry,
    rows,
)
from tests.support.loopback_services import running
from tests.support.processes import free_port

LEAD_SECONDS = 3.0
INTERVAL_SECONDS = 10
WARM_SECONDS = 25.0
STEADY_SECONDS = 40.0


async def sweeps(count: int, times: int) -> None:
    from workers.health import Checker

    print(f"checker before the first sweep: {peak_mb():.0f} MB", flush=True)
    for number in range(times):
        async with Checker(ahead_seconds=LEAD_SECONDS + 1) as checker:
            make_due(LEAD_SECONDS)
            due = time.monotonic() + LEAD_SECONDS
            with costs() as spent:
                await checker.turn()
                claimed = time.monotonic()
                await checker.idle()
                done = time.monotonic()
        print(
            f"sweep {number + 1}: {done - due:.2f} s from due to recorded (floor 2.00), "
            f"{spent[0].per_thousand(count)}, claimed {due - claimed:.1f} s ahead, "
            f"peak {peak_mb():.0f} MB, found {found()}, {load()}",
            flush=True,
        )


async def steadily(result: Any) -> None:
    await check_for(WARM_SECONDS)
    (before,) = rows("SELECT now() AS at")
    with costs() as spent:
        await check_for(STEADY_SECONDS)
    (probed,) = rows(
        "SELECT count(*) AS number, count(*) FILTER (WHERE found = 'down') AS failed"
        " FROM service_health_logs WHERE checked_at > :at",
        at=before.at,
    )
    print(
        f"checker, every {INTERVAL_SECONDS} s: {probed.number} probes, {probed.failed} false "
        f"outages, {spent[0].per_thousand(probed.number)}, peak {peak_mb():.0f} MB, {load()}",
        flush=True,
    )
    total = (spent[0].own + spent[0].postgres) * 1000 / probed.number
    result.send(total)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--times", type=int, default=4)
    parser.add_argument("--alone", action="store_true")
    options = parser.parse_args()
    count, port = options.count, free_port()
    settings = {"probe_slots": count, "probe_interval_seconds": INTERVAL_SECONDS}
    with registry(count, port, **settings), running(port, count):
        in_a_worker(sweeps, count, options.times)
        if not options.alone:
            beside(count, port)


def beside(count: int, port: int) -> None:
    make_due(1.0, over=INTERVAL_SECONDS)
    receiver, sender = Pipe(duplex=False)
    in_a_worker(steadily, sender)
    ours = receiver.recv()
    peer = blackbox.measure(
        count, port, interval=INTERVAL_SECONDS, warm=WARM_SECONDS, seconds=STEADY_SECONDS
    )
    print(
        f"prometheus + blackbox_exporter, every {INTERVAL_SECONDS} s: {peer.probes} probes, "
        f"{peer.failed} false outages, {peer.per_thousand:.2f} CPU-s per 1,000 probes "
        f"({peer.prometheus * 1000 / peer.probes:.2f} prometheus, "
        f"{peer.blackbox * 1000 / peer.probes:.2f} blackbox_exporter), peak {peer.peak_mb:.0f} MB, "
        f"{load()}\n"
        f"checker / prometheus + blackbox_exporter: {ours / peer.per_thousand:.2f}"
    )


if __name__ == "__main__":
    main()

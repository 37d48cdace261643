"""Whether hanging services hold up others: `.venv/bin/python -m benchmarks.probe_hanging`.

Of a thousand loopback services every tenth takes a request and never answers. They are due one
after the other within ten seconds, twice; how late the others' probes begin is printed.
"""

import argparse
import statistics

from benchmarks.checking import (
    change,
    check_for,
    found,
    in_a_worker,
    load,
    make_due,
    registry,
    rows,
)
from tests.support.loopback_services import running
from tests.support.processes import free_port

EVERY = 10
SPREAD_SECONDS = 10.0
LIMIT_MS = 250.0


async def rounds(times: int) -> None:
    for number in range(times):
        change("DELETE FROM service_health_logs")
        make_due(4.0, over=SPREAD_SECONDS)
        change("CREATE TABLE IF NOT EXISTS plan (service_id int PRIMARY KEY, due timestamptz)")
        change("TRUNCATE plan")
        change("INSERT INTO plan SELECT service_id, next_probe_at FROM service_checks")
        await check_for(4.0 + SPREAD_SECONDS + 8.0)
        late = sorted(
            float(row.late)
            for row in rows(
                "SELECT extract(epoch FROM min(log.checked_at) - plan.due) * 1000 AS late"
                " FROM service_health_logs log JOIN plan USING (service_id)"
                " WHERE log.found <> 'down' GROUP BY plan.service_id, plan.due"
            )
        )
        within = sum(abs(one) <= LIMIT_MS for one in late)
        print(
            f"round {number + 1}: {len(late)} answered; late by {statistics.median(late):.1f} ms "
            f"in the middle, {late[int(len(late) * 0.99)]:.1f} ms at the 99th percentile, "
            f"{late[0]:.1f} to {late[-1]:.1f} ms; {within} within {LIMIT_MS:.0f} ms, "
            f"found {found()}, {load()}",
            flush=True,
        )
        # The probes of this round that still hang end before the next one.
        await check_for(25.0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--times", type=int, default=2)
    options = parser.parse_args()
    port = free_port()
    with (
        registry(options.count, port, probe_retry_seconds=3600, probe_interval_seconds=3600),
        running(port, options.count, hanging_every=EVERY),
    ):
        in_a_worker(rounds, options.times)


if __name__ == "__main__":
    main()

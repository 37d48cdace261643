"""What a run is to do, from the command line."""

import argparse
import random
from dataclasses import dataclass


@dataclass(frozen=True)
class Plan:
    """So many submissions, kills and restarts, on so many workers; `seed` decides the moments."""

    submissions: int
    kills: int
    restarts: int
    workers: int
    seed: int
    keep: bool

    @property
    def before(self) -> int:
        """How many submissions are there before anything breaks."""
        return max(1, self.submissions // 10)


def parse_plan() -> Plan:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="scripts/chaos",
        description="Submit jobs to a real Sapporo while workers are killed with SIGKILL and "
        "PostgreSQL is restarted; then prove that nothing was lost and nothing was done twice.",
    )
    parser.add_argument("--submissions", type=int, default=200)
    parser.add_argument("--kills", type=int, default=200, help="SIGKILLs of workers")
    parser.add_argument("--restarts", type=int, default=10, help="restarts of PostgreSQL")
    parser.add_argument("--workers", type=int, default=1, help="workers side by side")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--keep", action="store_true", help="keep the run's folder and its logs")
    return Plan(**vars(parser.parse_args()))

"""What goes on while one database is away, as the tests assert it and the documentation says it.

python -m tests.databases.matrix > docs/databases.md
"""

from collections.abc import Mapping
from enum import StrEnum

from models import db
from models.away import DOMAINS


class Outcome(StrEnum):
    """What becomes of a duty while a database is away."""

    WORKS = "works"
    IN_PART = "in part"
    SAYS = "says so"
    WAITS = "waits"


# duty: what the documentation calls it
DUTIES: Mapping[str, str] = {
    "livez": "`/livez` answers 200",
    "ready": "`/ready` names the missing database and no other",
    "sign_in": "Sign in",
    "overview": "Overview page",
    "jobs": "List of jobs",
    "job": "Page of a job",
    "submit": "Submit a job",
    "upload": "Upload of a file that has begun",
    "download": "Download of a result",
    "services": "List of services",
    "admin_services": "Administration of services",
    "admin_people": "Administration of people",
    "notifications": "List of notifications",
    "follow": "Follow a run at a service",
    "collect": "Collect the results of a run",
    "clear": "Tell a job that its results were deleted here",
    "probe": "Check the health of services",
    "canary": "Send a service its daily canary",
    "verify": "Ask a service whether it accepts a token",
    "roll_up": "Sum up the health of services by hour and day",
    "notify": "Notify a job's owner",
    "audit": "Note a change of a service in the audit log",
    "alert": "Keep an alert about a service",
}

NEEDS_PERMISSION = (
    "overview",
    "jobs",
    "job",
    "submit",
    "download",
    "services",
    "admin_services",
    "admin_people",
    "notifications",
)

# database: duty: what becomes of it where it does not simply work
AFFECTED: Mapping[str, Mapping[str, Outcome]] = {
    db.PLATFORM: {"audit": Outcome.WAITS},
    db.USERS: {
        "sign_in": Outcome.SAYS,
        **dict.fromkeys(NEEDS_PERMISSION, Outcome.SAYS),
        **dict.fromkeys(
            ("upload", "follow", "collect", "probe", "canary", "verify"), Outcome.WAITS
        ),
    },
    db.REGISTRY: {
        "overview": Outcome.IN_PART,
        **dict.fromkeys(("submit", "services", "admin_services"), Outcome.SAYS),
        **dict.fromkeys(
            ("follow", "collect", "probe", "canary", "verify", "roll_up", "audit", "alert"),
            Outcome.WAITS,
        ),
    },
    db.JOBS: {
        "overview": Outcome.IN_PART,
        **dict.fromkeys(("jobs", "job", "submit"), Outcome.SAYS),
        **dict.fromkeys(("follow", "collect", "verify", "clear", "notify"), Outcome.WAITS),
    },
    db.FILES: {
        "overview": Outcome.IN_PART,
        **dict.fromkeys(("submit", "download"), Outcome.SAYS),
        **dict.fromkeys(("upload", "collect", "clear"), Outcome.WAITS),
    },
    db.NOTIFICATIONS: {"notifications": Outcome.SAYS, "notify": Outcome.WAITS},
    db.MONITORING: {"alert": Outcome.WAITS},
}

INTRODUCTION = """# When a database is away

The platform keeps its data in seven databases, each with one domain. Each may be on a server of
its own (`FGIP_<NAME>_URL`, see [configuration](configuration.md)), and losing one loses one domain.

* Every wait is bounded: 3 s to connect or for a sign of life of a connection that lay idle, 15 s
  for a statement. A port that accepts and never answers is as good as a closed one, and so are
  established connections that fall silent.
* A database that could not be reached is left alone for a moment, from one second to five. Whoever
  needs it is refused at once, and one caller tries again for all. Each process logs the loss in one
  line, and the return in another.
* Each database has its own few threads and connections in each process, so that one that hangs
  takes nothing from the other six.
* A page says in place what it cannot show and what goes on all the same. It tries again every five
  seconds and comes back by itself. What was typed stays. HTTP routes answer 503 with Retry-After.
* The worker goes on with everything that has its databases. A job that misses one says so, keeps
  its status and its contact, and is due again in five seconds. What was learned from a service is
  written down as soon as that is possible.
* What one database owes another lies in its outbox, and is delivered later, once.

A database that refuses (too many connections, a wrong password, a server that starts or stops)
counts as away. One that may only be read is read further, and what would write says that it cannot.
A slow one is used slowly.

## What goes on

**works**: as always. **in part**: the other parts of the page are there, and the page says what is
missing. **says so**: refused within seconds in plain words, and possible again without a reload.
**waits**: done when the database is back, once, and nothing is lost.

The table is what `tests/databases` asserts, with each database once refusing connections and once
hanging while jobs run.

"""


def expected(database: str, duty: str) -> Outcome:
    """What becomes of a duty while a database is away."""
    return AFFECTED[database].get(duty, Outcome.WORKS)


def document() -> str:
    """The documentation's page."""
    names = list(DOMAINS)
    rows = [
        ["While this is away:", *[DOMAINS[name] for name in names]],
        ["---"] * (len(names) + 1),
        ["", *[f"`{name}`" for name in names]],
    ]
    for duty, title in DUTIES.items():
        outcomes = [expected(name, duty) for name in names]
        rows.append([title, *[one if one is Outcome.WORKS else f"**{one}**" for one in outcomes]])
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    return f"{INTRODUCTION}{table}\n"


if __name__ == "__main__":
    print(document(), end="")

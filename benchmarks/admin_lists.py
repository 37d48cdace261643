"""The lists of administration, full: `.venv/bin/python -m benchmarks.admin_lists`.

Fills databases of its own with 100,000 jobs, 10,000 people and what belongs to them; then asks each
list for its first page, page 1,000 (or its last), each order, each filter and a search, as the page
does, and prints the slowest of each, in milliseconds of the server's time.
"""

import argparse
import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import text
from sqlmodel import Session, SQLModel

from app.domain.access import ROLES, Actor
from app.resources.base import Filter, Resource
from app.resources.listing import list_rows
from app.resources.wish import Wish
from models import db, embedded
from models.base import now
from models.files import Dataset, StoredContent, StoredFile
from models.jobs import Job, Submission
from models.notifications import Notification
from models.platform import AuditEntry
from models.registry import ImputationService, ReferencePanel
from models.users import ServiceCredential, User, UserSession

ADMINISTRATOR = Actor("bench", "bench", "", ROLES["administrator"])
TURNS = 3
FAR = 1000
WITHIN_MS = 200
REF = "substr(md5('{table}' || n), 1, 20)"
AGO = "now() - n * interval '5 minutes'"
STATUSES = "(ARRAY['completed', 'failed', 'running', 'queued', 'cancelled', 'lost'])[1 + n % 6]"


def fill(jobs: int, people: int) -> None:
    """Make so many jobs and people, and what belongs to them."""
    _fill_people(people)
    owner = {"owner_ref": f"substr(md5('users' || (n % {people})), 1, 20)"}
    _fill_registry()
    _fill_jobs(jobs, people, owner)
    with db.session(db.FILES) as session:
        content = StoredContent(sha256="0" * 64, size=1000)
        session.add(content)
        session.flush()
        _many(session, Dataset(owner_ref="", name=""), jobs // 10, owner, name="'Cohort ' || n")
        file = StoredFile(owner_ref="", kind="result", name="", sha256="0" * 64, size=1)
        moving = {"size": "n * 1000", "kind": "(ARRAY['input', 'result'])[1 + n % 2]"}
        _many(session, file, jobs, owner, name="'chr' || n % 22 || '.dose.vcf.gz'", **moving)
    with db.session(db.NOTIFICATIONS) as session:
        told = Notification(event_ref="", user_ref="", topic="job.completed", title="")
        to = {"user_ref": owner["owner_ref"], "event_ref": "md5('n' || n)"}
        _many(session, told, jobs, to, title="'Job ' || n || ' is complete'")
    with db.session(db.PLATFORM) as session:
        entry = AuditEntry(event_ref="", action="job.submit", target_type="job")
        what = {
            "event_ref": "md5('a' || n)",
            "actor_ref": owner["owner_ref"],
            "target_ref": "substr(md5('jobs' || n), 1, 20)",
            "at": AGO,
            "action": "(ARRAY['job.submit', 'job.cancel', 'user:sign-in'])[1 + n % 3]",
        }
        _many(session, entry, jobs * 3, what, actor_name=f"'Person ' || n % {people}")
    for name in db.BASES:
        with db.engine(name).connect().execution_options(isolation_level="AUTOCOMMIT") as to_know:
            to_know.execute(text("SET statement_timeout = 0"))
            to_know.execute(text("VACUUM ANALYZE"))


def _fill_people(people: int) -> None:
    with db.session(db.USERS) as session:
        user = User(email="", name="", password_hash="x")
        named = {"email": "'person' || n || '@lab.example'", "name": "'Person ' || n"}
        _many(session, user, people, named, last_sign_in_at=AGO)
        of_user = f"(SELECT min(id) FROM users) + n % {people}"
        session.execute(
            text(
                "INSERT INTO user_roles (user_id, role_id) "
                "SELECT users.id, roles.id FROM users, roles WHERE roles.name = 'researcher'"
            )
        )
        signed_in = UserSession(token_hash="", user_id=_first(session, "users"))
        seen = {"token_hash": "md5('s' || n)", "user_id": of_user}
        _many(session, signed_in, people * 3, seen, last_seen_at=AGO, created_at=AGO)
        token = ServiceCredential(service_ref="", ciphertext="x")
        whose = {
            "service_ref": "'s' || n",
            "user_ref": f"substr(md5('users' || n % {people}), 1, 20)",
        }
        _many(session, token, people, whose)


def _fill_registry() -> None:
    with db.session(db.REGISTRY) as session:
        service = ImputationService(
            name="", service_type="wes", api_type="wes", base_url="https://wes.example"
        )
        _many(session, service, 100, {"name": "'Service ' || n"})
        panel = ReferencePanel(
            service_id=_first(session, "imputation_services"), panel_id="", name=""
        )
        at = {"service_id": "(SELECT min(id) FROM imputation_services) + n % 100"}
        _many(session, panel, 1000, at, panel_id="'p' || n", name="'Panel ' || n")


def _fill_jobs(jobs: int, people: int, owner: Mapping[str, str]) -> None:
    named = {**owner, "owner_name": f"'Person ' || n % {people}", "created_at": AGO}
    with db.session(db.JOBS) as session:
        submission = Submission(
            owner_ref="", name="", dataset_ref="d", dataset_name="Cohort", idempotency_key=""
        )
        _many(session, submission, jobs, named, idempotency_key="md5('k' || n)")
        job = Job(
            submission_id=_first(session, "submissions"),
            owner_ref="",
            name="",
            dataset_ref="d",
            dataset_name="Cohort",
            service_ref="",
            service_name="",
            panel_ref="p",
            panel_name="",
        )
        _many(
            session,
            job,
            jobs,
            named,
            submission_id="(SELECT min(id) FROM submissions) + n - 1",
            name="'Job ' || n",
            service_ref="substr(md5('imputation_services' || n % 100), 1, 20)",
            service_name="'Service ' || n % 100",
            panel_name="'Panel ' || n % 1000",
            status=STATUSES,
            updated_at=AGO,
            panel_snapshot="jsonb_build_object('recipe', repeat(md5(n::text), 60))",
        )


def _first(session: Session, table: str) -> int:
    return int(session.execute(text(f"SELECT min(id) FROM {table}")).scalar_one())


def _many(
    session: Session, model: SQLModel, count: int, moving: Mapping[str, str], **more: str
) -> None:
    """Store a row `count` times, with these columns as SQL expressions of `n`, from 1 on."""
    session.add(model)
    session.flush()
    table = model.__table__  # type: ignore[attr-defined]
    columns = [one.name for one in table.columns if one.name != "id"]
    said = {"ref": REF.format(table=table.name), **moving, **more}
    chosen = ", ".join(said.get(name, f"template.{name}") for name in columns)
    template = f"(SELECT * FROM {table.name} LIMIT 1) AS template"
    session.execute(text("SET LOCAL statement_timeout = 0"))
    session.execute(
        text(
            f"INSERT INTO {table.name} ({', '.join(columns)}) "
            f"SELECT {chosen} FROM {template}, generate_series(1, {count}) AS n"
        )
    )
    session.delete(model)


def wishes(resource: Resource) -> Iterator[tuple[str, Wish]]:
    """What a person may ask of a list."""
    yield "first page", Wish()
    yield f"page {FAR}", Wish(number=FAR)
    if resource.search:
        yield "search, rare", Wish(text="4711")
        yield "search, nothing", Wish(text="nowhere 4711")
    for one in resource.columns:
        if one.sorts and one.in_list:
            yield f"by {one.name}", Wish(sort=one.name)
            yield f"by {one.name}, down, page {FAR}", Wish(sort=f"-{one.name}", number=FAR)
    for one in resource.filters:
        for said in _said(resource, one):
            yield f"only {said}", Wish(filters=said)
            yield f"only {said}, page {FAR}", Wish(filters=said, number=FAR)


def _said(resource: Resource, one: Filter) -> Iterator[dict[str, str]]:
    if one.kind == "flag":
        yield {one.name: "yes"}
        yield {one.name: "no"}
    elif one.kind == "days":
        yield {f"{one.name}_from": now().date().isoformat()}
        yield {f"{one.name}_to": now().date().isoformat()}
    elif one.kind == "text":
        yield {one.name: "person 47"}
    else:
        with db.session(resource.database) as session:
            choices = one.choices(session, ADMINISTRATOR) if callable(one.choices) else one.choices
        yield from ({one.name: value} for value in list(choices)[:2])


def measure(resource: Resource, wish: Wish) -> tuple[float, int]:
    """The milliseconds that a page takes, the middle one of some turns, and how many rows match."""
    took = []
    for _ in range(TURNS):
        began = time.perf_counter()
        with db.session(resource.database) as session:
            page = list_rows(session, actor=ADMINISTRATOR, resource=resource, wish=wish)
        took.append((time.perf_counter() - began) * 1000)
    return median(took), page.total


def report(only: str) -> None:
    """Print each list's figures, and whether one is beyond what a page may take."""
    from app.resources.register import RESOURCES

    slow: list[tuple[float, str]] = []
    for resource in RESOURCES.values():
        if only and resource.name != only:
            continue
        found: list[tuple[float, str, int]] = []
        for words, wish in wishes(resource):
            took, total = measure(resource, wish)
            found.append((took, words, total))
        found.sort(reverse=True)
        print(f"\n{resource.name}: {max(total for _, _, total in found):,} rows")
        for took, words, total in found[:5]:
            print(f"  {took:7.1f} ms  {words} ({total:,} match)")
        slow += [(t, f"{resource.name}: {words}") for t, words, _ in found if t > WITHIN_MS]
    print(f"\nbeyond {WITHIN_MS} ms: {len(slow)}")
    for took, words in sorted(slow, reverse=True):
        print(f"  {took:7.1f} ms  {words}")


def main() -> None:
    """Fill, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=100_000)
    parser.add_argument("--people", type=int, default=10_000)
    parser.add_argument("--only", default="", help="the name of one list")
    given: Any = parser.parse_args()
    with TemporaryDirectory(prefix="fgip-bench-") as folder:
        os.environ["FGIP_DATA_DIR"] = folder
        os.environ["FGIP_DATABASE_URL"] = embedded.start(Path(folder) / "postgres")
        from app import migrate
        from app.config import settings

        migrate.main()
        db.configure(settings().database_urls)
        try:
            began = time.perf_counter()
            fill(given.jobs, given.people)
            print(f"filled in {time.perf_counter() - began:.0f} s")
            report(given.only)
        finally:
            db.dispose()
            embedded.stop(Path(folder) / "postgres")


if __name__ == "__main__":
    main()

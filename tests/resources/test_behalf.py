"""Everybody's jobs, files and notifications are listed, and acted on where that can be done."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import select

from app.domain.access import Actor
from app.domain.errors import Invalid, NotAllowed, Refused
from app.resources.acting import act, action_of, values_of
from app.resources.base import Inline, Resource
from app.resources.listing import Row, get_row, list_rows
from app.resources.register import resource_named
from app.resources.wish import Wish, wish_of
from app.states.resource_cells import resource_rows
from models import db
from models.base import now
from models.files import Dataset, FileMetadata, StoredContent, StoredFile
from models.jobs import Job, JobNote, JobResult
from models.notifications import Notification
from models.registry import ImputationService, ReferencePanel
from tests.support.people import sign_in
from tests.support.submitting import RECIPE, actor, submit_one

pytestmark = pytest.mark.usefixtures("databases")

ADMIN, AUDITOR = actor("Root", "administrator"), actor("Aud", "auditor")
JOBS, FILES = resource_named("jobs"), resource_named("files")
DATASETS, NOTIFICATIONS = resource_named("datasets"), resource_named("notifications")


def listed(resource: Resource, who: Actor = ADMIN, **query: str) -> list[Row]:
    with db.session(resource.database) as session:
        wish = wish_of(resource, query)
        return list(list_rows(session, actor=who, resource=resource, wish=wish).rows)


def labels(resource: Resource, **query: str) -> list[str]:
    return [row.label for row in listed(resource, **query)]


def do(resource: Resource, name: str, ref: str, **form: str) -> str:
    action = action_of(resource, name, actor=ADMIN)
    with db.session(resource.database) as session:
        values = values_of(action, form)
        return act(session, actor=ADMIN, resource=resource, action=action, ref=ref, values=values)


def offers(ref: str, who: Actor = ADMIN) -> set[str]:
    with db.session(db.JOBS) as session:
        return set(get_row(session, actor=who, resource=JOBS, ref=ref).actions)


def put(ref: str, **columns: Any) -> str:
    with db.session(db.JOBS) as session:
        job = session.exec(select(Job).where(Job.ref == ref)).one()
        for name, value in columns.items():
            setattr(job, name, value)
    return ref


def stored(name: str, owner_ref: str, *, kind: str = "result", job_ref: str = "") -> str:
    with db.session(db.FILES) as session:
        if session.get(StoredContent, "5" * 64) is None:
            session.add(StoredContent(sha256="5" * 64, size=7))
        dataset = Dataset(owner_ref=owner_ref, name=f"Set of {name}")
        session.add(dataset)
        session.flush()
        file = StoredFile(
            owner_ref=owner_ref,
            kind=kind,
            name=name,
            sha256="5" * 64,
            size=7,
            job_ref=job_ref,
            dataset_id=dataset.id if kind == "input" else None,
            kept_until=now() + timedelta(days=5) if kind == "result" else None,
        )
        session.add(file)
        session.flush()
        if kind == "input":
            session.add(FileMetadata(file_id=file.id or 0, state="read"))
        return dataset.ref if kind == "input" else file.ref


def test_jobs_are_narrowed_by_status_owner_hold_and_search() -> None:
    ada, _ = sign_in("ada")
    put(submit_one("One", owner=actor("Ada", ref=ada)), status="running")
    put(submit_one("Two", owner=actor("Ben")), status="failed", held_reason="no_room")
    assert labels(JOBS, sort="name") == ["One", "Two"]
    assert labels(JOBS, status="failed") == ["Two"]
    assert labels(JOBS, owner="ada lab.example") == ["One"]
    assert labels(JOBS, held="no_room") == ["Two"]
    assert labels(JOBS, q="two ilifu") == ["Two"]
    assert labels(JOBS, created_from=now().date().isoformat(), sort="-status") == ["One", "Two"]
    with pytest.raises(NotAllowed):
        listed(JOBS, actor("Ada"))


def test_a_job_is_offered_what_can_be_done_to_it_as_it_is() -> None:
    always = {"note"}
    running = put(submit_one(), status="running")
    assert offers(running) == always | {"cancel", "look", "resubmit"}
    held = put(submit_one(), status="running", held_reason="credential")
    assert "release" in offers(held)
    asking = put(submit_one(), status="submitting", held_reason="answer_lost")
    assert "release" not in offers(asking)
    done = put(submit_one(), status="completed")
    assert offers(done) == always | {"keep"}
    assert offers(running, AUDITOR) == set()


def test_an_action_on_a_job_asks_why_and_says_what_it_did() -> None:
    ref = submit_one()
    with pytest.raises(Invalid, match="Say why"):
        do(JOBS, "cancel", ref)
    assert do(JOBS, "look", ref, reason="it hangs") == "The worker sees to it now."
    assert do(JOBS, "note", ref, text="Odd", for_owner="on").startswith("Noted, and told")
    assert do(JOBS, "cancel", ref, reason="wrong cohort") == "Cancelled."
    with pytest.raises(Refused):
        do(JOBS, "cancel", ref, reason="twice")
    with db.session(db.JOBS) as session:
        assert [note.act for note in session.exec(select(JobNote))] == ["look", "", "cancel"]


def test_a_job_is_submitted_to_another_panel_from_the_list() -> None:
    dataset_ref = stored("chr20.vcf.gz", "ada", kind="input")
    with db.session(db.REGISTRY) as session:
        service = ImputationService(
            name="KEMRI", service_type="wes", api_type="wes", base_url="https://k.example"
        )
        session.add(service)
        session.flush()
        panel = ReferencePanel(
            service_id=service.id or 0, panel_id="p", name="Elsewhere", recipe=RECIPE
        )
        session.add(panel)
        panel_ref = panel.ref
    ref = put(submit_one(), status="failed", dataset_ref=dataset_ref)
    action = action_of(JOBS, "resubmit", actor=ADMIN)
    choices: Any = action.fields[0].choices
    with db.session(db.JOBS) as session:
        assert choices(session, ADMIN) == {panel_ref: "Elsewhere at KEMRI"}
    said = do(JOBS, "resubmit", ref, panel=panel_ref, reason="the first one is down")
    assert said == "Submitted to Elsewhere at KEMRI, for Ada."
    assert {row.values["owner"] for row in listed(JOBS)} == {"Ada"}


def test_results_are_kept_longer_from_the_list_of_jobs_and_of_files() -> None:
    job = put(submit_one(), status="completed")
    ref = stored("chr20.dose.vcf.gz", "ada", job_ref=job)
    day = f"{now() + timedelta(days=40):%Y-%m-%d}"
    assert (
        do(JOBS, "keep", job, days="40", reason="on leave") == f"Its results are kept until {day}."
    )
    assert do(FILES, "keep", ref, days="", reason="a paper") == "Kept for good."
    with pytest.raises(Invalid, match="3650"):
        do(FILES, "keep", ref, days="99999", reason="a paper")
    assert do(FILES, "delete", ref, reason="withdrawn") == "“chr20.dose.vcf.gz” is deleted."
    assert labels(FILES, deleted="yes") == ["chr20.dose.vcf.gz"]
    assert listed(FILES)[0].actions == []


def test_files_and_datasets_name_their_owner_from_the_other_database() -> None:
    ada, _ = sign_in("ada")
    stored("a.vcf.gz", ada, kind="input")
    stored("b.vcf.gz", "gone")
    assert labels(FILES, owner="ada") == ["a.vcf.gz"]
    assert labels(FILES, kind="result") == ["b.vcf.gz"]
    for resource in (FILES, DATASETS):
        columns = [resource.column("owner")]
        rows = listed(resource, owner="ada")
        (row,) = asyncio.run(resource_rows(resource, ADMIN, rows, columns))
        assert row["cells"] == [{"text": "ada", "href": f"/admin/audit?actor={ada}"}]


def test_notifications_are_read_by_an_auditor_and_changed_by_nobody() -> None:
    ada, _ = sign_in("ada")
    with db.session(db.NOTIFICATIONS) as session:
        for number, whom in enumerate((ada, "ben")):
            session.add(
                Notification(
                    event_ref=f"e{number}", user_ref=whom, topic="job.failed", title=f"To {whom}"
                )
            )
    assert [row.label for row in listed(NOTIFICATIONS, AUDITOR, person="ada")] == [f"To {ada}"]
    topic: Any = NOTIFICATIONS.filters[1].choices
    with db.session(db.NOTIFICATIONS) as session:
        assert topic(session, AUDITOR) == {"job.failed": "job.failed"}
    assert not NOTIFICATIONS.actions
    with pytest.raises(NotAllowed):
        listed(NOTIFICATIONS, actor("Ada"))


@pytest.mark.parametrize("inline", JOBS.inlines, ids=lambda one: one.title)
def test_a_job_shows_what_belongs_to_it_and_to_no_other(inline: Inline) -> None:
    mine, other = submit_one(), submit_one()
    for ref in (mine, other):
        do(JOBS, "note", ref, text="Odd")
        with db.session(db.JOBS) as session:
            job = session.exec(select(Job).where(Job.ref == ref)).one()
            session.add(JobResult(job_id=job.id or 0, name="out.vcf.gz"))
    child = inline.resource()
    with db.session(child.database) as session:
        among = inline.parent == mine
        found = list_rows(session, actor=AUDITOR, resource=child, wish=Wish(), among=among)
    assert found.total == 1

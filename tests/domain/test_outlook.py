"""What becomes of estimates, where a job could go instead, and whose jobs a trouble touches."""

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import select

from app.domain.access import ROLES, Actor
from app.domain.alternatives import alternatives, same_panels
from app.domain.credentials import set_token, tokens_in_use
from app.domain.dataset_limits import FileFacts
from app.domain.errors import NotAllowed, NotFound
from app.domain.estimate_records import accuracy, just_sent, keep_estimates, kept_estimate
from app.domain.own_times import times_of_panels, times_of_service
from app.domain.panel_changes import PanelFields, upsert_panel
from app.domain.queue_stall import follow_queues
from app.domain.service_limits import GIB
from app.domain.touched_jobs import touched_jobs
from models import db
from models.base import now
from models.jobs import Job, JobEstimate
from models.registry import ImputationService
from tests.support.counted import ADMIN, add_service, count, set_health
from tests.support.submitting import RECIPE, actor, submit_one

ADA, BOB, EVE = actor("Ada"), actor("Bob"), actor("Eve", "auditor")


@pytest.fixture(autouse=True)
def _databases(databases: None) -> None:
    """Every test needs them."""


def put(ref: str, **columns: Any) -> int:
    with db.session(db.JOBS) as session:
        job = session.exec(select(Job).where(Job.ref == ref)).one()
        for name, value in columns.items():
            setattr(job, name, value)
        session.add(job)
        return job.id or 0


def completed(*, waited: float, ran: float, ago: float = 3600) -> int:
    end = now() - timedelta(seconds=ago)
    begun = end - timedelta(seconds=ran)
    sent = begun - timedelta(seconds=waited)
    times = {"submitted_at": sent, "running_at": begun, "finished_at": end}
    return put(submit_one(), status="completed", **times)


def add_panel(service_ref: str, panel_id: str, **fields: Any) -> str:
    chosen = {"name": panel_id, "build": "GRCh38", "recipe": RECIPE} | fields
    with db.session(db.REGISTRY) as session:
        return upsert_panel(
            session,
            actor=ADMIN,
            service_ref=service_ref,
            fields=PanelFields(panel_id=panel_id, **chosen),
        ).ref


def instead_of(panel_ref: str, **known: Any) -> list[Any]:
    with db.session(db.REGISTRY) as session:
        return alternatives(session, actor=ADA, panel_refs=[panel_ref], **({"tokens": {}} | known))


def test_what_is_expected_of_a_job_that_is_sent_is_kept_once() -> None:
    for place in range(10):
        completed(waited=60, ran=600, ago=3600 + place)
    job_id = put(submit_one(), status="submitted", submitted_at=now())
    put(submit_one(), status="submitted", submitted_at=now() - timedelta(hours=1))
    put(submit_one(), status="queued")
    for _ in range(2):
        with db.session(db.JOBS) as session:
            keep_estimates(session, jobs=just_sent(session), known={})
    with db.session(db.JOBS) as session:
        (kept,) = session.exec(select(JobEstimate)).all()
    assert (kept.job_id, kept.wait_least, kept.turnaround_most) == (job_id, 60, 660)
    assert kept.basis == "the last 10 jobs of ours with this panel"
    with db.session(db.JOBS) as session:
        ref = session.exec(select(Job.ref).where(Job.id == job_id)).one()
        told = kept_estimate(session, actor=ADA, job_ref=ref)
        assert told is not None and told.turnaround == (660, 660)
        with pytest.raises(NotFound):
            kept_estimate(session, actor=BOB, job_ref=ref)


def test_how_good_past_estimates_were_is_told_once_there_are_enough() -> None:
    estimated = [completed(waited=100, ran=900) for _ in range(8)]
    estimated += [completed(waited=500, ran=900) for _ in range(2)]
    with db.session(db.JOBS) as session:
        for job_id in estimated[:8]:
            session.add(JobEstimate(job_id=job_id, made_at=now(), wait_least=50, wait_most=200))
    with db.session(db.JOBS) as session:
        assert accuracy(session, actor=ADA, service_ref="s1").wait is None
        for job_id in estimated[8:]:
            session.add(JobEstimate(job_id=job_id, made_at=now(), wait_least=50, wait_most=200))
    with db.session(db.JOBS) as session:
        found = accuracy(session, actor=ADA, service_ref="s1")
    assert found.wait is not None and found.turnaround is None
    assert (found.wait.jobs, found.wait.hits, found.wait.share) == (10, 8, 0.8)
    assert found.wait.median_error == 25


def test_our_own_times_are_those_of_completed_jobs() -> None:
    completed(waited=60, ran=600)
    put(submit_one(), status="failed", submitted_at=now(), finished_at=now())
    with db.session(db.JOBS) as session:
        service = times_of_service(session, actor=BOB, service_ref="s1")
        panels = times_of_panels(session, actor=BOB, panel_refs=["p-HapMap 2", "p-None"])
    assert (service.waited, service.ran, service.took) == ((60,), (600,), (660,))
    assert panels["p-HapMap 2"].took == (660,)
    assert panels["p-None"].took == ()


def test_the_same_panel_elsewhere_is_found_by_identity_or_else_by_id_and_build() -> None:
    here, there, other, away = (add_service(name) for name in ("Here", "There", "Other", "Away"))
    mine = add_panel(here, "hrc", identity="HRC r1.1")
    by_identity = add_panel(there, "apps@hrc-r1.1", identity="hrc r1.1")
    by_id = add_panel(other, "HRC")
    add_panel(away, "hrc", build="GRCh37")
    add_panel(away, "hrc-x", identity="hrc r1.1", build="GRCh37")
    add_panel(here, "hrc2", identity="HRC r1.1")
    add_panel(other, "hrc3", identity="topmed")
    found = {one.row.ref: one for one in instead_of(mine)}
    assert set(found) == {by_identity, by_id}
    assert any("An administrator says" in reason for reason in found[by_identity].reasons)
    assert any("nobody has said" in reason for reason in found[by_id].reasons)
    with db.session(db.REGISTRY) as session:
        assert same_panels(session, actor=ADA, panel_refs=[mine]) == sorted(found)


def test_alternatives_are_ranked_by_rules_health_and_wait_and_say_why() -> None:
    names = ("Here", "Slow", "Quick", "Down", "Toy", "Small", "Tight")
    refs = {name: add_service(name) for name in names}
    panels = {name: add_panel(ref, "hrc") for name, ref in refs.items()}
    for name, queued in (("Slow", 50), ("Quick", 2)):
        begun = now() - timedelta(minutes=95)
        steps = [begun + timedelta(minutes=5 * place) for place in range(20)]
        count(refs[name], [(at, queued, 2, 9 + place) for place, at in enumerate(steps)])
    with db.session(db.REGISTRY) as session:
        follow_queues(session)
    set_health(refs["Down"], "down")
    with db.session(db.REGISTRY) as session:
        for name, facts in (
            ("Toy", {"is_simulation": True}),
            ("Small", {"limits": {"max_samples": 100}}),
            ("Tight", {"limits": {"max_file_bytes": GIB}}),
            ("Slow", {"country": "NL"}),
        ):
            service = session.exec(
                select(ImputationService).where(ImputationService.ref == refs[name])
            ).one()
            for column, value in facts.items():
                setattr(service, column, value)
            session.add(service)
    found = instead_of(panels["Here"], files=[FileFacts("a.vcf.gz", 2 * GIB, 5000)])
    assert [one.row.service_name for one in found] == [
        "Quick",
        "Slow",
        "Down",
        "Toy",
        "Small",
        "Tight",
    ]
    quick, slow, down, toy, small, tight = found
    assert quick.expected.wait.range.most < slow.expected.wait.range.least
    assert "Data would go to another country (NL)." in slow.reasons
    assert "takes at most 100 samples per job, and the dataset has 5,000" in " ".join(small.reasons)
    assert "files of at most 1 GiB" in " ".join(tight.reasons)
    assert [one.can_choose for one in found] == [True, True, True, True, False, False]
    assert "its results are not real" in " ".join(toy.reasons)
    assert down.reasons[0] == "It does not answer."


def test_a_service_that_wants_a_token_can_be_chosen_by_those_who_have_one() -> None:
    here, there = add_service("Here"), add_service("There")
    mine = add_panel(here, "hrc")
    add_panel(there, "hrc")
    set_health(there, "authorisation_needed")
    (without,) = instead_of(mine)
    with db.session(db.USERS) as session:
        set_token(session, actor=ADA, service_ref=there, token="my-token-0001")
        tokens = tokens_in_use(session, actor=ADA)
    (with_one,) = instead_of(mine, tokens=tokens)
    assert (without.can_choose, with_one.can_choose) == (False, True)
    assert "The service wants a valid token" in without.reasons[0]


def test_nobody_sees_whose_other_jobs_a_trouble_touches() -> None:
    mine, theirs = submit_one("Mine", owner=ADA), submit_one("Theirs", owner=BOB)
    put(submit_one("Done", owner=ADA), status="completed", finished_at=now())
    with db.session(db.JOBS) as session:
        seen = {
            who.name: [job.ref for job in found.latest]
            for who in (ADA, BOB, EVE)
            for found in [touched_jobs(session, actor=who, service_ref="s1")]
        }
        assert seen == {"Ada": [mine], "Bob": [theirs], "Eve": [theirs, mine]}
        assert touched_jobs(session, actor=ADA, service_ref="s1").by_status == {"waiting": 1}
        assert touched_jobs(session, actor=ADA, service_ref="s2").total == 0
        nobody = Actor("x", "x", "", ROLES["viewer"] - {"job:read"})
        with pytest.raises(NotAllowed):
            touched_jobs(session, actor=nobody, service_ref="s1")

"""A canary shows whether work is done, and is sent once whatever breaks."""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import update
from sqlmodel import col, select

from app.connectors.toy_run import MESSAGE
from app.domain import canaries, service_layers
from app.domain.access import WORKER
from app.domain.canaries import CanaryRow
from app.domain.health import Layer
from models import db
from models.base import now
from models.health import ServiceCanary, ServiceCheck
from models.registry import ImputationService, RegistryOutbox
from tests.support.filling import add_panel, add_service
from tests.support.peers import Peer
from tests.support.processes import ROOT
from tests.support.small_wes import SmallWes, small_wes
from tests.support.submitting import actor
from workers.canary import fly

ROSA = actor("Rosa", "researcher")


@pytest.fixture
def wes() -> Iterator[SmallWes]:
    with small_wes() as server:
        yield server


def add(url: str, **fields: object) -> str:
    """A service that is up and has canaries switched on."""
    ref = add_service(WORKER, "ILIFU", url, **fields)
    with db.session(db.REGISTRY) as session:
        service = session.exec(select(ImputationService)).one()
        service.check_settings, service.is_available = {"canary": True}, True
        session.add(service)
    return ref


@pytest.fixture
def service_ref(databases: None, wes: SmallWes) -> str:
    return add(wes.base_url)


def a_turn() -> bool:
    """Take a canary a step further as if its next look were due."""
    with db.session(db.REGISTRY) as session:
        session.connection().execute(
            update(ServiceCanary).values(lease_until=now() - timedelta(seconds=1))
        )
    return asyncio.run(fly())


def make_due() -> None:
    with db.session(db.REGISTRY) as session:
        session.connection().execute(update(ServiceCheck).values(canary_due_at=now()))


def rows(service_ref: str) -> list[CanaryRow]:
    with db.session(db.REGISTRY) as session:
        return canaries.canaries_of(session, actor=ROSA, service_ref=service_ref)


def layer(service_ref: str) -> tuple[str, str]:
    with db.session(db.REGISTRY) as session:
        found = service_layers.layers_of(session, actor=ROSA, service_ref=service_ref)
    return next((one.verdict, one.detail) for one in found if one.layer is Layer.CANARY)


def alerts() -> list[str]:
    with db.session(db.REGISTRY) as session:
        wanted = select(RegistryOutbox).where(RegistryOutbox.topic == "alert")
        return [row.payload["title"] for row in session.exec(wanted.order_by(RegistryOutbox.id))]


def test_a_canary_at_the_demo_service_imputes_toy_genotypes(databases: None, demo: Peer) -> None:
    ref = add(demo.base_url, is_simulation=True)
    add_panel(WORKER, ref, "Simulated", json.loads((ROOT / "demo/recipe.json").read_text()))
    for _ in range(200):
        a_turn()
        (canary,) = rows(ref)
        if canary.verdict:
            break
        time.sleep(0.1)
    assert (canary.verdict, canary.detail) == ("passed", "A small run completed.")
    assert canary.seconds is not None
    assert layer(ref) == ("passed", "A small run completed.")
    assert not a_turn()


def test_a_canary_follows_its_run_and_reads_its_output_once_a_day(
    service_ref: str, wes: SmallWes
) -> None:
    assert a_turn()
    run = wes.only_run()
    assert run.tags
    assert set(run.attachments) == {"trial.cwl", "message.txt"}
    a_turn()
    assert rows(service_ref)[0].verdict == ""
    run.state = "RUNNING"
    a_turn()
    assert rows(service_ref)[0].wait_seconds is not None
    run.state, run.files = "COMPLETE", {"repeated.txt": MESSAGE.encode()}
    a_turn()
    assert layer(service_ref) == (
        "passed",
        "A small run completed, and its output could be read.",
    )
    assert not a_turn()
    make_due()
    assert a_turn()
    assert wes.posts == 2
    with db.session(db.REGISTRY) as session:
        due_in = session.exec(select(ServiceCheck.canary_due_at)).one() - now()
    assert timedelta(hours=23) < due_in < timedelta(hours=25)


def test_a_failure_is_told_once_with_the_run_s_own_words(service_ref: str, wes: SmallWes) -> None:
    for _ in range(2):
        make_due()
        a_turn()
        run = list(wes.runs.values())[-1]
        run.state, run.stderr = "EXECUTOR_ERROR", "No space left on device"
        a_turn()
        assert rows(service_ref)[0].verdict == "failed"
    assert "EXECUTOR_ERROR" in layer(service_ref)[1]
    assert alerts() == ["The canary at ILIFU failed"]
    make_due()
    wes.refuses_with = "no more runs today"
    a_turn()
    assert "no more runs today" in layer(service_ref)[1]


def test_a_service_that_cannot_run_it_is_told_why(
    service_ref: str, wes: SmallWes, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.support import small_wes as small

    monkeypatch.setitem(small.SERVICE_INFO, "workflow_type_versions", {"WDL": small.ANY_VERSION})
    a_turn()
    assert (wes.posts, layer(service_ref)[0]) == (0, "untold")
    assert "offers WDL" in layer(service_ref)[1]


def test_a_canary_whose_worker_is_killed_while_sending_is_found_and_not_sent_again(
    service_ref: str, wes: SmallWes
) -> None:
    wes.answers.clear()
    code = (
        "import asyncio; from app.config import settings; from models import db; "
        "db.configure(settings().database_urls); from workers.canary import fly; "
        "asyncio.run(fly())"
    )
    worker = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, env=dict(os.environ))
    while not wes.runs:
        assert worker.poll() is None
        time.sleep(0.05)
    worker.kill()
    worker.wait()
    wes.answers.set()
    run = wes.only_run()
    # Nobody takes it over while the lease holds.
    assert not asyncio.run(fly())
    a_turn()
    run.state = "COMPLETE"
    a_turn()
    assert (wes.posts, rows(service_ref)[0].verdict) == (1, "passed")


def test_a_canary_that_never_arrived_is_given_up_and_another_comes_in_an_hour(
    service_ref: str, wes: SmallWes
) -> None:
    wes.hangs_up_before_taking = True
    a_turn()
    a_turn()
    assert (wes.posts, rows(service_ref)[0].verdict) == (1, "untold")
    assert not a_turn()
    with db.session(db.REGISTRY) as session:
        due_in = session.exec(select(col(ServiceCheck.canary_due_at))).one() - now()
    assert due_in <= timedelta(hours=1)


def test_a_run_that_never_ends_is_asked_to_stop_after_hours(
    service_ref: str, wes: SmallWes
) -> None:
    a_turn()
    with db.session(db.REGISTRY) as session:
        session.connection().execute(
            update(ServiceCanary).values(started_at=now() - timedelta(hours=7))
        )
    a_turn()
    assert wes.only_run().cancels == 1
    assert layer(service_ref) == (
        "failed",
        "It did not end within 6 hours. The run is QUEUED.",
    )

"""Many jobs of several people at a server that lets each have two at a time."""

import asyncio
import os
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from sqlmodel import col, select

from app.connectors.base import Endpoint
from app.connectors.client import open_client
from app.connectors.cloudgene import CloudgeneConnector
from app.domain import credentials
from app.domain.panel_recipes import recipe_of
from models import db
from models.jobs import Job, JobStatusChange
from models.registry import ImputationService
from tests.support.cloudgene import SMALL_PANEL, running, small_files
from tests.support.submitting import actor
from tests.support.working import add_dataset, add_panel, submit_to

JOBS = {"ada": 17, "ben": 17, "cy": 16}
SLOTS = 2
CHOSEN = {"build": "hg38", "phasing": "no_phasing", "population": "all"}
LONGEST = 300.0

WORKER = """
import asyncio
from app.config import settings
from models import db
from workers import collect, jobs, submit

async def again_and_again(duty):
    while True:
        if not await duty():
            await asyncio.sleep(0.3)

async def work():
    duties = (submit.send, jobs.follow, collect.collect)
    await asyncio.gather(*(again_and_again(duty) for duty in duties))

db.configure(settings().database_urls)
asyncio.run(work())
"""


@contextmanager
def workers(count: int) -> Iterator[None]:
    """Worker processes that do what there is to do for jobs, without pauses."""
    environment = os.environ | {"FGIP_POLL_INTERVAL_SECONDS": "0.2"}
    command = [sys.executable, "-c", WORKER]
    with ExitStack() as stack:
        for _ in range(count):
            process = stack.enter_context(subprocess.Popen(command, env=environment))
            stack.callback(process.kill)
        yield


def all_jobs() -> list[Job]:
    with db.session(db.JOBS) as session:
        return list(session.exec(select(Job).order_by(col(Job.id))))


def sent_in_order() -> dict[str, list[int]]:
    """The jobs of each person in the order in which they got their slots."""
    order = defaultdict[str, list[int]](list)
    with db.session(db.JOBS) as session:
        sent = session.exec(
            select(Job.owner_ref, Job.id)
            .join(JobStatusChange)
            .where(JobStatusChange.to_status == "submitting")
            .where(JobStatusChange.from_status == "queued")
            .order_by(col(JobStatusChange.id))
        )
        for owner, job_id in sent:
            order[owner].append(job_id or 0)
    return order


async def small_recipe(url: str, token: str) -> dict[str, object]:
    async with open_client(request_timeout=30) as client:
        offers = await CloudgeneConnector(client, Endpoint(url, token)).panels()
    return recipe_of(next(offer for offer in offers if offer.panel_id == SMALL_PANEL))


@pytest.mark.usefixtures("databases")
def test_fifty_jobs_of_three_people_keep_to_two_slots_each_and_all_come_to_their_end(
    tmp_path: Path,
) -> None:
    with running(tmp_path, slots=SLOTS, jobs_at_once=6, delay=0) as server:
        tokens = {name: server.token_for(name) for name in JOBS}
        recipe = asyncio.run(small_recipe(server.url, tokens["ada"]))
        panel = add_panel(server.url, recipe=recipe, api_type="cloudgene")
        with db.session(db.REGISTRY) as session:
            service = session.exec(select(ImputationService)).one()
            service.limits = {"max_concurrent_jobs": SLOTS}
            service_ref = service.ref
            session.add(service)
        file, datasets = small_files()[0], {}
        for name, token in tokens.items():
            owner = actor(name.title())
            with db.session(db.USERS) as session:
                credentials.set_token(session, actor=owner, service_ref=service_ref, token=token)
            datasets[name] = add_dataset(tmp_path, owner, name=file.name, content=file.read_bytes())
        for number in range(max(JOBS.values())):
            for name, count in JOBS.items():
                if number < count:
                    owner = actor(name.title())
                    submit_to(panel, datasets[name], parameters=CHOSEN, owner=owner)
        deadline = time.monotonic() + LONGEST
        with workers(2):
            while any(job.finished_at is None for job in all_jobs()):
                assert time.monotonic() < deadline, [(job.id, job.status) for job in all_jobs()]
                time.sleep(0.2)
        assert {job.status for job in all_jobs()} == {"completed"}
        assert server.slots() == {"refusals": 0, "most": dict.fromkeys(JOBS, SLOTS)}
    for name, sent in sent_in_order().items():
        assert len(sent) == JOBS[name]
        # Two slots that are free at the same moment may be taken in either order.
        places = [sorted(sent).index(job_id) for job_id in sent]
        assert all(abs(place - turn) < SLOTS for turn, place in enumerate(places)), name

"""What the demo registers by itself can be used at once."""

import asyncio
from pathlib import Path

from sqlmodel import select

from app.domain import panels, submissions, terms
from app.domain.datasets import list_datasets
from app.domain.submission_checks import ChosenDataset
from demo import seed
from demo.cloudgene.application import PANELS
from models import db
from models.base import new_ref
from models.registry import ReferencePanel
from tests.support import cloudgene
from tests.support.submitting import actor
from tests.support.working import work_until
from workers import files


def test_three_chromosomes_come_back_imputed_from_the_simulated_cloudgene_server(
    databases: None, tmp_path: Path
) -> None:
    with cloudgene.running(tmp_path) as server:
        seed.add_cloudgene(actor(role="administrator"), server.url)
        seed.add_datasets(actor())
        asyncio.run(files.read_new_files())
        ref = submit_three_chromosomes()
        done = work_until(ref, "completed", "failed")
    assert done.row.status == "completed", done.row.error_message
    names = {result.name.rsplit("/", 1)[-1] for result in done.results}
    assert {f"chr{number}.dose.vcf.gz" for number in (20, 21, 22)} <= names


def submit_three_chromosomes() -> str:
    with db.session(db.FILES) as session:
        rows = list_datasets(session, actor=actor()).rows
        (row,) = [row for row in rows if row.name == "Three chromosomes"]
    with db.session(db.REGISTRY) as session:
        refs = {one.panel_id: one.ref for one in session.exec(select(ReferencePanel))}
        assert refs.keys() == PANELS.keys()
        ref = refs[cloudgene.SMALL_PANEL]
        panel = panels.get_panel(session, actor=actor(), panel_ref=ref)
        asked = terms.terms_of_panels(session, actor=actor(), panel_refs=[ref])[ref]
        assert asked, "what the application asks people to agree to"
    with db.session(db.JOBS) as session:
        made = submissions.submit(
            session,
            actor=actor(),
            name="Demo",
            dataset=ChosenDataset(row.ref, row.name, row.file_count),
            panels=[panel],
            parameters={"build": "hg38"},
            idempotency_key=new_ref(),
            access={},
            accepted_terms=[one.ref for one in asked],
        )
        detail = submissions.submission_detail(session, actor=actor(), submission_ref=made.ref)
    return detail.jobs[0].ref

"""The worker and the demo service: a whole imputation, a failure and a cancel, as newcomers see."""

import gzip
import json
from pathlib import Path

import pytest

from app.domain import jobs as domain_jobs
from app.domain import store
from demo import dataset
from models import db
from tests.support.peers import Peer
from tests.support.processes import ROOT
from tests.support.submitting import actor
from tests.support.working import add_dataset, add_panel, job, submit_to, turn, work_until

RECIPE = json.loads((ROOT / "demo/recipe.json").read_text())


@pytest.fixture
def submitted(databases: None, demo: Peer, tmp_path: Path) -> tuple[str, str]:
    """The refs of the demo's panel and of a dataset that suits it."""
    dataset.write(tmp_path)
    content = (tmp_path / "demo.vcf.gz").read_bytes()
    cohort = add_dataset(tmp_path, actor(), name="demo.vcf.gz", content=content)
    return add_panel(demo.base_url, recipe=RECIPE), cohort


def test_a_dataset_comes_back_imputed_to_every_variant_of_the_panel(
    submitted: tuple[str, str],
) -> None:
    ref = submit_to(*submitted)
    done = work_until(ref, "completed", "failed")
    assert done.row.status == "completed", done.row.error_message
    assert {result.state for result in done.results} == {"fetched"}
    imputed = next(result for result in done.results if result.role == "imputed")
    lines = gzip.decompress(store.path_of(imputed.sha256).read_bytes()).decode().splitlines()
    records = [line for line in lines if not line.startswith("#")]
    assert len(records) == dataset.simulate().panel.haplotypes.shape[1]


def test_a_run_that_fails_says_why_in_words(submitted: tuple[str, str]) -> None:
    ref = submit_to(*submitted, parameters={"fail_on_purpose": True})
    failed = work_until(ref, "completed", "failed").row
    assert failed.status == "failed"
    assert "fail" in failed.error_message.lower()


def test_a_long_run_is_cancelled_and_the_service_confirms_it(submitted: tuple[str, str]) -> None:
    ref = submit_to(*submitted, parameters={"seconds_to_wait": 600})
    work_until(ref, "running")
    with db.session(db.JOBS) as session:
        domain_jobs.cancel(session, actor=actor(), job_ref=ref)
    turn()
    assert job(ref).row.cancel_outcome == "accepted"
    assert work_until(ref, "cancelled").row.cancel_outcome == "confirmed"

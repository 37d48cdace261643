"""What a service would refuse is said before anything is sent, and what is unknown refuses none."""

import re

import pytest

from app.domain import submissions
from app.domain.dataset_limits import FileFacts, file_facts, misfits
from app.domain.errors import Invalid
from app.domain.files import FileRow
from app.domain.submission_checks import ChosenDataset
from models import db
from models.base import new_ref, now
from tests.support.submitting import RECIPE, actor, panel

LIMITS = {"min_samples": 20, "max_samples": 25_000, "max_files": 2, "max_file_bytes": 2 * 1024**3}
GOOD = FileFacts("chr20.vcf.gz", 1000, samples=51, chromosomes=["20"])


def said(*files: FileFacts) -> str:
    return " ".join(
        misfits(files, limits=LIMITS, service_name="TOPMed", service_type="imputation_server")
    )


def test_a_dataset_within_all_limits_and_one_that_was_not_read_yet_fit() -> None:
    assert said(GOOD, FileFacts("chr21.vcf.gz", 1000)) == ""
    unread = FileRow("f", "chr1.vcf.gz", 9, "", now(), state="pending", facts={"samples": 3})
    assert said(file_facts(unread)) == ""


@pytest.mark.parametrize(
    ("file", "says"),
    [
        (FileFacts("a", 1, samples=5), r"at least 20 samples .* has 5\. Put more samples"),
        (FileFacts("a", 1, samples=30_000), r"at most 25,000 samples .* 30,000\. Split it"),
        (FileFacts("big", 3 * 1024**3), r"at most 2 GiB, and “big” has 3 GiB\. Compress"),
        (FileFacts("all", 1, chromosomes=["1", "2"]), r"“all” has several \(1, 2\)\. Divide it"),
    ],
)
def test_each_limit_is_said_with_its_cure(file: FileFacts, says: str) -> None:
    assert re.search(says, said(file))


def test_too_many_files_and_too_few_samples_are_refused_before_anything_is_kept(
    databases: None,
) -> None:
    recipe = RECIPE | {"workflow_params": {"files": "${inputs}"}, "parameters": []}
    chosen = panel("r3", recipe=recipe, limits={"max_files": 2, "min_samples": 60})
    dataset = ChosenDataset("d1", "Cohort", 3, (GOOD, GOOD, GOOD))
    with db.session(db.JOBS) as session, pytest.raises(Invalid, match="at most 2 files") as refused:
        submissions.submit(
            session,
            actor=actor(),
            name="",
            dataset=dataset,
            panels=[chosen],
            parameters={},
            idempotency_key=new_ref(),
            access={},
        )
    assert refused.value.field == "panels"
    assert "at least 60 samples" in refused.value.message

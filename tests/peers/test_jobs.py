"""The platform's worker and real servers: from a dataset to imputed genotypes, by minimac4."""

import gzip
import json
from pathlib import Path

import pytest

from app.domain import store
from demo import dataset
from tests.support.data import REAL_PANEL, REAL_TARGET, needs_real_data
from tests.support.peers import IMPUTATION_PROGRAMS, Peer, need_programs
from tests.support.processes import ROOT
from tests.support.submitting import actor
from tests.support.working import add_dataset, add_panel, submit_to, work_until

RECIPE = json.loads((ROOT / "workflows/impute.recipe.json").read_text())


@pytest.fixture
def inputs(databases: None, tmp_path: Path) -> tuple[str, Path]:
    """A dataset's ref, and the panel on the disk that the servers share with us."""
    need_programs(*IMPUTATION_PROGRAMS)
    dataset.write(tmp_path)
    content = (tmp_path / "demo.vcf.gz").read_bytes()
    cohort = add_dataset(tmp_path, actor(), name="demo.vcf.gz", content=content)
    return cohort, tmp_path / "panel.vcf.gz"


def records_of(sha256: str) -> int:
    lines = gzip.decompress(store.path_of(sha256).read_bytes()).decode().splitlines()
    return sum(not line.startswith("#") for line in lines)


def test_a_job_is_imputed_by_sapporo_and_its_results_are_fetched(
    sapporo: Peer, inputs: tuple[str, Path]
) -> None:
    cohort, panel_file = inputs
    recipe = RECIPE | {"panel": {"path": str(panel_file)}}
    done = work_until(
        submit_to(add_panel(sapporo.base_url, recipe=recipe), cohort), "completed", "failed"
    )
    assert done.row.status == "completed", done.row.error_message
    imputed = next(result for result in done.results if result.role == "imputed")
    assert imputed.state == "fetched"
    assert records_of(imputed.sha256) == dataset.simulate().panel.haplotypes.shape[1]


@needs_real_data
def test_real_genotypes_are_imputed_to_every_variant_of_the_hapmap_panel(
    sapporo: Peer, databases: None, tmp_path: Path
) -> None:
    need_programs(*IMPUTATION_PROGRAMS)
    recipe = RECIPE | {"panel": {"path": str(REAL_PANEL)}}
    cohort = add_dataset(tmp_path, actor(), name=REAL_TARGET.name, content=REAL_TARGET.read_bytes())
    done = work_until(
        submit_to(add_panel(sapporo.base_url, recipe=recipe), cohort), "completed", "failed"
    )
    assert done.row.status == "completed", done.row.error_message
    imputed = next(result for result in done.results if result.role == "imputed")
    assert records_of(imputed.sha256) == 63_402


@pytest.mark.parametrize("is_shared", [False, True])
def test_toil_keeps_its_outputs_on_disk_which_a_shared_folder_makes_ours(
    toil: Peer, inputs: tuple[str, Path], is_shared: bool
) -> None:
    cohort, panel_file = inputs
    recipe = RECIPE | {"panel": {"path": str(panel_file)}, "workflow_engine": ""}
    api_config = {"shared_folder": {"remote": str(toil.folder), "local": str(toil.folder)}}
    panel = add_panel(toil.base_url, recipe=recipe, api_config=api_config if is_shared else {})
    done = work_until(submit_to(panel, cohort), "completed", "failed")
    assert done.row.status == "completed", done.row.error_message
    imputed = next(result for result in done.results if result.role == "imputed")
    assert imputed.state == ("fetched" if is_shared else "remote")
    assert imputed.location.startswith("file://")
    if is_shared:
        assert records_of(imputed.sha256) == dataset.simulate().panel.haplotypes.shape[1]

"""Real WES servers with a real minimac4, from the choice of a panel to the downloaded file."""

import gzip
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from demo import dataset as demo_dataset
from tests.support.data import REAL_PANEL, REAL_TARGET
from tests.support.filling import add_dataset, add_panel, add_service, somebody
from tests.support.peers import Peer
from tests.support.processes import ROOT
from tests.support.visitor import Meet, Platform, Visitor

RECIPE = json.loads((ROOT / "workflows" / "impute.recipe.json").read_text())
IMPUTATION_MS = 240_000


@dataclass(frozen=True)
class Genotypes:
    """What is imputed with what, and how many records come of it."""

    target: Path
    panel: Path
    records: int


@pytest.fixture(scope="module")
def genotypes(tmp_path_factory: pytest.TempPathFactory) -> Genotypes:
    """Real data where it is beside the repository, simulated data elsewhere."""
    if REAL_TARGET.exists() and REAL_PANEL.exists():
        return Genotypes(REAL_TARGET, REAL_PANEL, 63_402)
    folder = tmp_path_factory.mktemp("simulated")
    demo_dataset.write(folder)
    variants = len(demo_dataset.simulate().panel.positions)
    return Genotypes(folder / "demo.vcf.gz", folder / "panel.vcf.gz", variants)


def submit(meet: Meet, peer: Peer, genotypes: Genotypes, **service: Any) -> Visitor:
    """Set up a service, a panel and a dataset, and submit in the browser; return who did it."""
    ada, cookies = somebody(f"ada-{peer.name}-{len(service)}", "administrator")
    name = f"{peer.name} {len(service)}"
    service_ref = add_service(ada, name, peer.base_url, **service)
    recipe: Mapping[str, Any] = RECIPE | {"panel": {"path": str(genotypes.panel)}}
    add_panel(ada, service_ref, f"Panel of {name}", recipe)
    dataset_ref = add_dataset(ada, "Chromosome 20", genotypes.target)
    visitor = meet(cookies)
    visitor.open(f"/submit?dataset={dataset_ref}")
    visitor.page.get_by_role("checkbox", name=f"Panel of {name}").check()
    visitor.page.get_by_role("button", name="Continue").click()
    expect(visitor.page.get_by_label("Region")).to_be_visible()
    visitor.page.get_by_role("button", name="Continue").click()
    visitor.page.get_by_role("main").get_by_role("button", name="Submit", exact=True).click()
    visitor.page.wait_for_url("**/jobs/*")
    status = visitor.page.get_by_role("main").get_by_role("status")
    expect(status).to_contain_text("Completed", timeout=IMPUTATION_MS)
    return visitor


def result(visitor: Visitor, name: str) -> Locator:
    return visitor.page.get_by_role("row").filter(
        has=visitor.page.get_by_role("rowheader", name=name)
    )


def downloaded_records(visitor: Visitor, folder: Path) -> int:
    with visitor.page.expect_download() as download:
        visitor.page.get_by_role("link", name="Download imputed.vcf.gz", exact=True).click()
    download.value.save_as(folder / "imputed.vcf.gz")
    with gzip.open(folder / "imputed.vcf.gz", "rt") as lines:
        return sum(not line.startswith("#") for line in lines)


def test_a_sapporo_imputes_and_the_result_is_downloaded(
    platform: Platform, meet: Meet, sapporo: Peer, genotypes: Genotypes, tmp_path: Path
) -> None:
    visitor = submit(meet, sapporo, genotypes)
    assert downloaded_records(visitor, tmp_path) == genotypes.records


def test_a_toil_s_files_are_collected_from_a_declared_shared_folder(
    platform: Platform, meet: Meet, toil: Peer, genotypes: Genotypes, tmp_path: Path
) -> None:
    folder = str(toil.folder)
    shared = {"shared_folder": {"remote": folder, "local": folder}}
    visitor = submit(meet, toil, genotypes, api_config=shared)
    assert downloaded_records(visitor, tmp_path) == genotypes.records


def test_a_toil_s_files_are_shown_with_their_location_where_no_folder_is_shared(
    platform: Platform, meet: Meet, toil: Peer, genotypes: Genotypes
) -> None:
    visitor = submit(meet, toil, genotypes)
    expect(result(visitor, "imputed.vcf.gz").first).to_contain_text("At the service")
    expect(result(visitor, "imputed.vcf.gz").first).to_contain_text(f"file://{toil.folder}")

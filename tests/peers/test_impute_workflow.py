"""workflows/impute.cwl through real servers, with a real minimac4."""

import gzip
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from demo import dataset
from tests.support import wes
from tests.support.data import REAL_PANEL, REAL_TARGET, needs_real_data
from tests.support.peers import Peer
from tests.support.processes import ROOT

WORKFLOW = ROOT / "workflows" / "impute.cwl"


@dataclass(frozen=True)
class Outcome:
    state: str
    stderr: str
    outputs: dict[str, bytes]

    @property
    def records(self) -> list[list[str]]:
        text = gzip.decompress(self.outputs["imputed.vcf.gz"]).decode()
        return [line.split("\t") for line in text.splitlines() if not line.startswith("#")]

    @property
    def stats(self) -> dict[str, float]:
        return json.loads(self.outputs["stats.json"])

    @property
    def cause(self) -> str:
        """What the workflow says about its failure, on one line."""
        return " ".join(re.findall(r"^.*impute: (.*)$", self.stderr, flags=re.MULTILINE))


@pytest.fixture(params=["sapporo", "toil"])
def peer(request: pytest.FixtureRequest) -> Peer:
    return request.getfixturevalue(request.param)


def impute(peer: Peer, target: Path, panel: Path, **parameters: object) -> Outcome:
    form = wes.impute_form(WORKFLOW, target, panel, **parameters)
    with wes.client(peer.base_url) as client:
        log = wes.wait(client, wes.submit(client, form, [WORKFLOW, target]))
        return Outcome(log["state"], wes.stderr(client, log), wes.outputs(client, log))


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("simulated")
    dataset.write(folder)
    return folder


@pytest.fixture
def changed(simulated: Path, tmp_path: Path) -> Callable[[Callable[[str], str]], Path]:
    """Write the simulated target with every record changed by a function."""

    def change(record: Callable[[str], str]) -> Path:
        lines = gzip.decompress((simulated / "demo.vcf.gz").read_bytes()).decode().splitlines()
        target = tmp_path / "target.vcf"
        target.write_text(
            "".join(f"{line if line.startswith('#') else record(line)}\n" for line in lines)
        )
        return target

    return change


def test_a_panel_in_vcf_is_compressed_and_the_target_imputed_to_all_its_variants(
    peer: Peer, simulated: Path
) -> None:
    outcome = impute(peer, simulated / "demo.vcf.gz", simulated / "panel.vcf.gz")
    assert outcome.state == "COMPLETE", outcome.stderr
    assert len(outcome.records) == 3000
    assert outcome.records[0][8] == "GT:DS"
    assert outcome.outputs["imputed.vcf.gz.tbi"]

    header, *rows = outcome.outputs["info.tsv"].decode().splitlines()
    assert header.replace("\t", " ") == "CHROM POS ID REF ALT AF MAF R2 ER2 TYPED"
    assert sum(row.split("\t")[9] == "1" for row in rows) == dataset.TYPED_VARIANTS
    assert outcome.stats["variants"] == len(rows) == 3000
    assert outcome.stats["samples"] == dataset.SAMPLES
    assert outcome.stats["overlap"] == 1


def test_an_unphased_target_is_refused_and_the_cause_reaches_the_client(
    peer: Peer, simulated: Path, changed: Callable[[Callable[[str], str]], Path]
) -> None:
    target = changed(lambda record: record.replace("|", "/"))
    outcome = impute(peer, target, simulated / "panel.vcf.gz")
    assert outcome.state == "EXECUTOR_ERROR"
    assert "The target is not phased: 300 of 300 variants" in outcome.cause
    assert not outcome.outputs


@needs_real_data
def test_real_genotypes_are_imputed_with_a_real_panel(peer: Peer) -> None:
    outcome = impute(peer, REAL_TARGET, REAL_PANEL, min_ratio=0.000001)
    assert outcome.state == "COMPLETE", outcome.stderr
    assert len(outcome.records) == 63_402
    assert len(outcome.records[0]) == 9 + 51
    assert outcome.stats["typed"] == 7746
    assert outcome.stats["mean_r2"] == pytest.approx(0.79, abs=0.01)


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        pytest.param(
            lambda record: record.replace("chr20", "20", 1), "names of chromosomes", id="naming"
        ),
        pytest.param(
            lambda record: re.sub(r"(?<=^chr20\t)(\d+)", lambda pos: str(int(pos[0]) + 1), record),
            "The panel does not fit the target",
            id="another build",
        ),
        pytest.param(
            lambda record: (
                record if record.endswith("|1") else re.sub(r"(?<=\t)\d+", "5", record, count=1)
            ),
            "variants must be sorted",
            id="unsorted",
        ),
        pytest.param(
            lambda record: re.sub(r"(?<=GT\t).\|.", ".|.", record), "first sample", id="no calls"
        ),
    ],
)
def test_a_target_that_cannot_be_imputed_fails_with_a_cause_and_a_cure(
    sapporo: Peer,
    simulated: Path,
    changed: Callable[[Callable[[str], str]], Path],
    change: Callable[[str], str],
    cause: str,
) -> None:
    outcome = impute(sapporo, changed(change), simulated / "panel.vcf.gz")
    assert outcome.state == "EXECUTOR_ERROR"
    assert cause in outcome.cause


def test_a_panel_that_shares_too_few_variants_is_refused(
    sapporo: Peer, simulated: Path, changed: Callable[[Callable[[str], str]], Path]
) -> None:
    def move_nine_of_ten(record: str) -> str:
        chrom, pos, rest = record.split("\t", 2)
        return record if pos.endswith("7") else f"{chrom}\t{int(pos) + 1}\t{rest}"

    target = changed(move_nine_of_ten)
    outcome = impute(sapporo, target, simulated / "panel.vcf.gz", min_overlap=0.5)
    assert outcome.state == "EXECUTOR_ERROR"
    assert "of the target's 300 variants" in outcome.cause


def test_a_missing_genotype_of_the_first_sample_is_left_out_and_said(
    sapporo: Peer, simulated: Path, changed: Callable[[Callable[[str], str]], Path]
) -> None:
    first = gzip.decompress((simulated / "demo.vcf.gz").read_bytes()).decode()
    position = next(li for li in first.splitlines() if not li.startswith("#")).split("\t")[1]
    target = changed(
        lambda record: re.sub(r"(?<=GT\t).\|.", ".|.", record) if position in record else record
    )
    outcome = impute(sapporo, target, simulated / "panel.vcf.gz")
    assert outcome.state == "COMPLETE", outcome.stderr
    assert outcome.stats["typed"] == dataset.TYPED_VARIANTS - 1
    assert "left out 1 of 300 variants" in outcome.cause


def test_a_file_that_is_no_panel_is_refused(sapporo: Peer, simulated: Path, tmp_path: Path) -> None:
    (tmp_path / "panel.msav").write_text("nothing of the kind\n")
    outcome = impute(sapporo, simulated / "demo.vcf.gz", tmp_path / "panel.msav")
    assert outcome.state == "EXECUTOR_ERROR"
    assert "neither MSAV nor VCF or BCF" in outcome.cause


def test_a_region_limits_what_is_imputed(sapporo: Peer, simulated: Path) -> None:
    outcome = impute(
        sapporo,
        simulated / "demo.vcf.gz",
        simulated / "panel.vcf.gz",
        region="chr20:11000000-12000000",
        formats="GT,DS,HDS,GP",
    )
    assert outcome.state == "COMPLETE", outcome.stderr
    assert all(11_000_000 <= int(record[1]) <= 12_000_000 for record in outcome.records)
    assert {"HDS", "GP"} <= set(outcome.records[0][8].split(":"))

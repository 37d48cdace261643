"""The simulated Cloudgene server checks genotypes as real ones do, in their words."""

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pysam
import pytest

from tests.support.cloudgene import (
    Cloudgene,
    chromosome_files,
    form,
    small_files,
)
from tests.support.cloudgene_client import (
    content,
    ended,
    messages,
    output,
    submitted,
)


def test_quality_control_counts_what_becomes_of_each_variant(
    server: Cloudgene, ann: httpx.Client, tmp_path: Path
) -> None:
    lines = gzip.decompress(small_files()[0].read_bytes()).decode().splitlines()
    first = next(number for number, line in enumerate(lines) if not line.startswith("#"))
    rows = [line.split("\t") for line in lines[first:] if "1" in line.split("GT\t")[1]]
    rows[0][3:5] = rows[0][4], rows[0][3]
    rows[1][6] = "DUP"
    rows[2][4] = "A,C"
    rows[3][4] = "<DEL>"
    rows[4][9:] = ["0|0"] * 20
    rows[5][9:] = [".|."] * 10 + rows[5][19:]
    rows[6][1] = str(int(rows[6][1]) + 1)
    now = _outcome(ann, _write(tmp_path, [*lines[:first], *map("\t".join, rows)]))
    (statistics,) = [text for _, _, text in messages(now) if text.startswith("<b>Statistics")]
    for line in (
        "Allele switch: 1",
        "Duplicated sites: 1",
        "Multiallelic sites: 1",
        "Invalid alleles: 1",
        "Monomorphic sites: 1",
        "SNPs call rate < 90%: 1",
        f"Reference Overlap: {(len(rows) - 5) / (len(rows) - 4) * 100:.2f} %",
    ):
        assert line in statistics.splitlines()
    conclusion = next(text for _, severity, text in messages(now) if severity == 2)
    assert "Excluded sites in total: 6" in conclusion
    assert "Typed only sites: 1" in conclusion
    excluded = content(server, now, "statistics/snps-excluded.txt").decode().splitlines()
    assert excluded[0] == "ID\tCHROM\tPOS\tREF\tALT\tINFO"
    assert [line.split("\t")[5].split(".")[0] for line in excluded[1:]] == [
        "Allele switch",
        "Filter Duplicate",
        "Multiallelic Site",
        "Invalid Alleles",
        "Monomorphic",
        "Low call rate",
    ]


def _write(folder: Path, lines: list[str], name: str = "changed.vcf.gz") -> Path:
    path = folder / name
    with pysam.BGZFile(str(path), "wb", None) as file:
        file.write("".join(f"{line}\n" for line in lines).encode())
    return path


def _outcome(client: httpx.Client, *files: Path, **values: str) -> dict[str, Any]:
    return ended(client, submitted(client, files, **(form() | values)))


def _changed(change: Callable[[list[str]], list[str]]) -> Callable[[Path], tuple[Path, ...]]:
    def make(folder: Path) -> tuple[Path, ...]:
        lines = gzip.decompress(small_files()[0].read_bytes()).decode().splitlines()
        return (_write(folder, change(lines)),)

    return make


def _plain_gzip(folder: Path) -> tuple[Path, ...]:
    path = folder / "plain.vcf.gz"
    path.write_bytes(gzip.compress(gzip.decompress(small_files()[0].read_bytes())))
    return (path,)


def _each(change: Callable[[str], str]) -> Callable[[list[str]], list[str]]:
    return lambda lines: [line if line.startswith("#") else change(line) for line in lines]


REFUSED: dict[str, tuple[Callable[[Path], tuple[Path, ...]], dict[str, str], str]] = {
    "plain gzip": (
        _plain_gzip, {}, "The provided VCF file is malformed.\nError: [tabix] the compression"
    ),
    "unsorted": (
        _changed(lambda lines: [*lines[:5], *lines[-1:], *lines[5:]]), {},
        "The provided VCF file is malformed.\nError: [E::hts_idx_push] Unsorted positions",
    ),
    "spaces": (
        _changed(lambda lines: [line.replace("\t", " ") for line in lines]), {},
        "The provided VCF file is not tab-delimited",
    ),
    "two chromosomes": (
        _changed(lambda lines: [*lines, lines[-1].replace("chr20", "chr21")]), {},
        "The provided VCF file contains more than one chromosome. Please split your input VCF "
        "file by chromosome",
    ),
    "same sample twice": (
        _changed(lambda lines: [line.replace("DEMO002", "DEMO001") for line in lines]), {},
        "Two individuals or more have the following ID: DEMO001",
    ),
    "no such chromosome": (
        _changed(_each(lambda line: line.replace("chr20", "chr77"))), {},
        "Invalid chromosome found: 77",
    ),
    "few samples": (
        _changed(lambda lines: [
            line if line.startswith("##") else "\t".join(line.split("\t")[:14]) for line in lines
        ]), {},
        "At least 20 samples must be uploaded.",
    ),
    "other samples": (
        lambda _: (small_files()[0], chromosome_files()[1]), {},
        "Please double check, if all uploaded VCF files include the same amount of samples "
        "(30 vs 20)",
    ),
    "prefix with hg19": (
        lambda _: small_files()[:1], {"build": "hg19"},
        "Your upload data contains chromosome 'chr20'. This is not a valid hg19 encoding. Please "
        "ensure that your input data is build hg19 and chromosome is encoded as '20'.",
    ),
    "no prefix with hg38": (
        _changed(_each(lambda line: line.removeprefix("chr"))), {},
        "Your upload data contains chromosome '20'. This is not a valid hg38 encoding. Please "
        "ensure that your input data is build hg38 and chromosome is encoded as 'chr20'.",
    ),
    "unphased": (
        _changed(_each(lambda line: line.replace("|", "/"))), {"phasing": "no_phasing"},
        "Your input data is unphased. Please select an algorithm for phasing.",
    ),
    "population of another panel": (
        lambda _: small_files()[:1], {"population": "sim"},
        "Population 'sim' is not supported by reference panel 'demo-panel-small@1.0.0'.\n"
        "Available populations:\n - all\n - off",
    ),
    "same alleles": (
        _changed(_each(lambda line: "\t".join([*line.split("\t")[:4], line.split("\t")[3],
                                               *line.split("\t")[5:]]))), {},
        "The provided VCF file is malformed at variation .: reference allele (",
    ),
}  # fmt: skip


@pytest.mark.parametrize("why", REFUSED)
def test_validation_refuses_with_the_words_of_the_real_server(
    ann: httpx.Client, tmp_path: Path, why: str
) -> None:
    files, values, text = REFUSED[why]
    now = _outcome(ann, *files(tmp_path), **values)
    assert now["state"] == 5
    said = [
        (severity, said) for step, severity, said in messages(now) if step == "Input Validation"
    ]
    assert len(said) == 1
    assert said[0][0] == 1
    assert said[0][1].startswith(text)


def test_flipped_strands_end_a_job_after_quality_control_with_its_reports_kept(
    ann: httpx.Client, tmp_path: Path
) -> None:
    complement = str.maketrans("ACGT", "TGCA")

    def flip(line: str) -> str:
        columns = line.split("\t")
        columns[3:5] = columns[3].translate(complement), columns[4].translate(complement)
        return "\t".join(columns)

    lines = gzip.decompress(chromosome_files()[0].read_bytes()).decode().splitlines()
    now = _outcome(ann, _write(tmp_path, _each(flip)(lines)))
    assert now["state"] == 5
    step, _, text = next(one for one in messages(now) if one[1] == 1)
    assert step == "Quality Control"
    assert text.endswith(
        "<b>Error:</b> More than 100 obvious strand flips have been detected. Please check strand. "
        "Imputation cannot be started!"
    )
    assert "qc_report.txt" in output(now)

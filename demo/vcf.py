"""Reading and writing the little of VCF 4.2 that the simulation needs."""

import gzip
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pysam
from numpy.typing import NDArray

from demo.panel import REGIONS, Panel

MISSING = -1
NUMBERS = {"0": 0, "1": 1, ".": MISSING}


class UnusableTarget(ValueError):
    """The target cannot be imputed; the message says why and what to do, for a person."""


Variant = tuple[str, int, str, str]  # CHROM, POS, REF, ALT


@dataclass(frozen=True)
class Target:
    """Phased genotypes: `haplotypes[2 * s + side, v]` is 0, 1 or MISSING for sample s."""

    samples: list[str]
    variants: list[Variant]
    haplotypes: NDArray[np.int8]


def read(path: Path) -> Target:
    """Read phased diploid genotypes from a VCF, compressed or not.

    Raises UnusableTarget for what is no VCF, has no samples or variants, or is not phased.
    """
    try:
        lines = list(_lines(path))
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise UnusableTarget(f"The target cannot be read as VCF: {error}.") from error
    if not lines or not lines[0].startswith("##fileformat=VCF"):
        raise UnusableTarget("The target is no VCF: it does not begin with ##fileformat=VCF.")
    samples: list[str] = []
    records = []
    for line in lines:
        if line.startswith("#CHROM"):
            samples = line.split("\t")[9:]
        elif line and not line.startswith("#"):
            records.append(_record(line, len(samples)))
    if not samples or not records:
        raise UnusableTarget("The target has no samples, or no variants.")
    alleles = np.array([alleles for _, alleles in records], dtype=np.int8)
    return Target(samples, [variant for variant, _ in records], alleles.T)


def _lines(path: Path) -> Iterable[str]:
    with path.open("rb") as file:
        compressed = file.read(2) == b"\x1f\x8b"
    with gzip.open(path, "rt") if compressed else path.open() as text:
        for line in text:
            yield line.rstrip("\r\n")


def _record(line: str, samples: int) -> tuple[Variant, list[int]]:
    columns = line.split("\t")
    where = ":".join(columns[:2])
    if len(columns) != 9 + samples or not columns[1].isdecimal():
        raise UnusableTarget(f"The target is damaged at {where}: not all columns are there.")
    chrom, pos, _, ref, alt, _, _, _, _, *calls = columns
    return (chrom, int(pos), ref, alt), [a for call in calls for a in _alleles(call, where)]


def _alleles(call: str, where: str) -> list[int]:
    genotype = call.split(":", 1)[0]
    if genotype == "./.":
        return [MISSING, MISSING]
    if "/" in genotype:
        raise UnusableTarget(
            f"The target is not phased: {where} has the genotype {genotype}. Imputation needs "
            "0|1 instead of 0/1. Phase the data first, for instance with Eagle, SHAPEIT or Beagle."
        )
    alleles = [NUMBERS.get(allele, MISSING) for allele in genotype.split("|")]
    if len(alleles) != 2:
        raise UnusableTarget(
            f"The target has the genotype {genotype!r} at {where}, not two alleles."
        )
    return alleles


def header(chromosome: str) -> list[str]:
    """Return the meta-information lines of a file with genotypes of one chromosome."""
    return [
        "##fileformat=VCFv4.2",
        "##source=Simulated data of a demonstration, not of people",
        f"##contig=<ID={chromosome},length={REGIONS[chromosome].length},assembly=GRCh38>",
        '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">',
    ]


def write(path: Path, header: Iterable[str], samples: list[str], records: Iterable[str]) -> None:
    """Write a BGZF-compressed VCF and its tabix index `<path>.tbi`.

    `records` are whole lines without their end, sorted by position.
    """
    columns = ["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT", *samples]
    with pysam.BGZFile(str(path), "wb", None) as file:
        for line in (*header, "\t".join(columns), *records):
            file.write(line.encode() + b"\n")
    pysam.tabix_index(str(path), preset="vcf", force=True)


def write_genotypes(path: Path, people: Panel, *, prefix: str) -> None:
    """Write haplotypes as phased genotypes of samples `prefix`1, `prefix`2, ..."""
    calls = np.char.add(
        np.char.add(people.haplotypes[::2].astype("U1"), "|"), people.haplotypes[1::2].astype("U1")
    )
    samples = [f"{prefix}{number + 1:03d}" for number in range(len(calls))]
    records = (
        "\t".join([people.chromosome, str(pos), ".", ref, alt, ".", "PASS", ".", "GT", *column])
        for pos, ref, alt, column in zip(
            people.positions, people.ref, people.alt, calls.T, strict=True
        )
    )
    write(path, header(people.chromosome), samples, records)

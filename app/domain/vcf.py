"""What a file of genotypes holds, or why it cannot be imputed and what to do about it."""

import re
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

CHROMOSOMES_SHOWN = 100

# A called allele beside a slash; `./.` is missing, not unphased.
UNPHASED = re.compile(r"(?:^|\t)(?:\d+/|\./\d)")

GRCH37 = re.compile(r"grch37|hg19|b37|hs37|assembly19", re.IGNORECASE)
GRCH38 = re.compile(r"grch38|hg38|hs38", re.IGNORECASE)

# Lengths of chromosomes 1, 20 and 22 in the two builds (GenBank GCA_000001405.14 and .28).
CONTIG_LENGTHS: Mapping[tuple[str, int], str] = {
    ("1", 249250621): "GRCh37",
    ("20", 63025520): "GRCh37",
    ("22", 51304566): "GRCh37",
    ("1", 248956422): "GRCh38",
    ("20", 64444167): "GRCh38",
    ("22", 50818468): "GRCh38",
}


class Unreadable(Exception):
    """The file cannot be imputed as it is. The text says why and names the cure."""


@dataclass
class VcfFacts:
    """What a VCF or BCF file holds.

    `phased` is None where no genotype tells; `build` is `GRCh37`, `GRCh38` or empty; `complete` is
    false where reading stopped at its time limit, so that the numbers are lower bounds.
    """

    format: str = ""
    samples: int = 0
    variants: int = 0
    chromosomes: list[str] = field(default_factory=list)
    phased: bool | None = None
    build: str = ""
    first_unphased: str = ""
    complete: bool = True


def read_vcf(path: Path, name: str, *, seconds: float) -> dict[str, Any]:
    """Read a file's header and records and return its facts as JSON.

    `name` is what people call it. Raises Unreadable. Stops counting after so many seconds.
    """
    check_format(path, name)
    import pysam

    pysam.set_verbosity(0)
    facts = VcfFacts()
    try:
        with pysam.VariantFile(str(path)) as file:
            facts.format = str(file.format)
            facts.samples = len(file.header.samples)
            facts.build = build_of(file.header)
            _read_records(file, facts, name, deadline=time.monotonic() + seconds)
    except (OSError, ValueError, NotImplementedError) as error:
        raise Unreadable(_cause(str(error), name, facts)) from error
    _check(facts, name)
    return asdict(facts)


def check_format(path: Path, name: str) -> None:
    """Raise Unreadable unless the first bytes are those of VCF or BCF, plain or in BGZF."""
    with path.open("rb") as file:
        start = file.read(18)
    if not start:
        raise Unreadable("The file is empty.")
    if start.startswith(b"\x1f\x8b"):
        # BGZF is gzip with an extra field `BC` (SAM specification, section 4.1).
        if not (start[3] & 4 and start[12:14] == b"BC"):
            raise Unreadable(
                "The file is compressed with gzip, not with bgzip, and imputation services cannot "
                f"index it. Run “gunzip -c {name} | bgzip > new.vcf.gz” and upload new.vcf.gz."
            )
        return
    if not start.startswith((b"##fileformat=VCF", b"BCF\x02")):
        raise Unreadable(
            "This is not a VCF or BCF file: it begins with something else. Convert your genotypes "
            "to VCF (for PLINK files: “plink2 --export vcf bgz”) and upload that."
        )
    if name.lower().endswith(".gz"):
        raise Unreadable(
            f"The name ends in .gz, but the file is not compressed. Run “bgzip {name[:-3]}” on the "
            "uncompressed file and upload the result."
        )


def build_of(header: Any) -> str:
    """Guess the build of the human genome from a header's reference and contig lengths."""
    for record in header.records:
        if record.key in ("reference", "assembly"):
            if GRCH38.search(str(record.value)):
                return "GRCh38"
            if GRCH37.search(str(record.value)):
                return "GRCh37"
    for name, contig in header.contigs.items():
        known = CONTIG_LENGTHS.get((name.removeprefix("chr"), contig.length or 0))
        if known:
            return known
    return ""


def _read_records(file: Any, facts: VcfFacts, name: str, *, deadline: float) -> None:
    seen: set[str] = set()
    chromosome, position = "", 0
    for record in file:
        if record.chrom != chromosome:
            if record.chrom in seen:
                raise Unreadable(_unsorted(name, f"chromosome {record.chrom} comes twice"))
            chromosome, position = record.chrom, 0
            seen.add(chromosome)
            if len(facts.chromosomes) < CHROMOSOMES_SHOWN:
                facts.chromosomes.append(chromosome)
        if record.pos < position:
            where = f"{chromosome}:{record.pos} comes after {chromosome}:{position}"
            raise Unreadable(_unsorted(name, where))
        position = record.pos
        facts.variants += 1
        _look_at_genotypes(record, facts)
        if facts.variants % 1000 == 0 and time.monotonic() > deadline:
            facts.complete = False
            return


def _look_at_genotypes(record: Any, facts: VcfFacts) -> None:
    if facts.phased is False or not facts.samples:
        return
    if "GT" not in record.format:
        raise Unreadable(
            f"{record.chrom}:{record.pos} has no genotypes (no GT in its FORMAT column). Export "
            "the file again with hard-called genotypes."
        )
    genotypes = str(record).split("\t", 9)[9]
    if "|" in genotypes:
        facts.phased = True
    if "/" in genotypes and UNPHASED.search(genotypes):
        facts.phased = False
        facts.first_unphased = f"{record.chrom}:{record.pos}"


def _check(facts: VcfFacts, name: str) -> None:
    if not facts.samples:
        raise Unreadable(
            "The file has no samples, only sites, so there is nothing to impute. Export it again "
            "with the genotypes of your samples."
        )
    if not facts.variants:
        raise Unreadable(
            f"The file has a header and {facts.samples} samples but no variants. Check the filter "
            "that made it, and upload it again."
        )


def _unsorted(name: str, where: str) -> str:
    return (
        f"The file is not sorted: {where}. Run “bcftools sort -Oz -o sorted.vcf.gz {name}” and "
        "upload sorted.vcf.gz."
    )


def _cause(error: str, name: str, facts: VcfFacts) -> str:
    if "EOF marker" in error:
        return (
            "The file is cut off: its end is missing, as after an interrupted copy. Compare its "
            "size with the original's, and upload the whole file."
        )
    if "header" in error:
        return (
            "The file has no valid VCF header: the line that begins with #CHROM is missing or "
            "damaged. Export it again."
        )
    return (
        f"The record after the first {facts.variants} cannot be read: the file is cut off there, "
        f"or it is not valid VCF. “bcftools view {name}” tells more; export the file again."
    )

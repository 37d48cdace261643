"""What the pipeline checks before anything else: imputationserver-utils' InputValidationCommand.

Before it, `input_validation_vcf.nf` lets tabix index each file.
"""

import gzip
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from demo.cloudgene.application import PanelApp
from demo.cloudgene.settings import Settings

CHUNK_SIZE = 20_000_000
VALID_CHROMOSOMES = {*(str(number) for number in range(1, 24)), "X", "MT"}
MITOCHONDRIAL = "MT"


class Refused(Exception):
    """The files cannot be imputed; the text is the server's message, HTML included."""


@dataclass(frozen=True)
class Variant:
    """One line of a VCF: its first columns, and the genotype (GT alone) of each sample."""

    position: int
    id: str
    ref: str
    alt: str
    filter: str
    calls: list[str]


@dataclass(frozen=True)
class VcfFile:
    """A file whose form is right. `raw_chromosome` is as written, `chromosome` without "chr"."""

    name: str
    raw_chromosome: str
    chromosome: str
    samples: list[str]
    variants: list[Variant]
    phased: bool

    @property
    def chunks(self) -> set[int]:
        """Which parts of CHUNK_SIZE base pairs, counted from 0, have variants."""
        return {chunk_of(variant.position) for variant in self.variants}


def chunk_of(position: int) -> int:
    """Return the number of the chunk that a position is in; a chunk ends with a full multiple."""
    return (position - 1) // CHUNK_SIZE


def validate(
    paths: Sequence[Path], panel: PanelApp, values: Mapping[str, str], settings: Settings
) -> tuple[list[VcfFile], str]:
    """Return the files and the message about them; Refused with the first thing that is wrong."""
    texts = {path: _indexable(path) for path in sorted(paths)}
    population = values.get("population") or "off"
    if population not in panel.populations:
        lines = [
            f"Population '{population}' is not supported by reference panel '{panel.id}'.",
            "Available populations:",
            *(f" - {name}" for name in panel.populations),
        ]
        raise Refused("\n".join(lines))
    build = values.get("build") or "hg19"
    files: list[VcfFile] = []
    for path, lines in texts.items():
        file = _read(path, lines)
        _check(file, files, build, settings)
        files.append(file)
    phasing = values.get("phasing") or "eagle"
    phased = all(file.phased for file in files)
    if not phased and phasing == "no_phasing":
        raise Refused("Your input data is unphased. Please select an algorithm for phasing.")
    summary = [
        f"{len(files)} valid VCF file(s) found.",
        f"Samples: {len(files[0].samples)}",
        f"Chromosomes: {' '.join(file.chromosome for file in files)}",
        f"SNPs: {sum(len(file.variants) for file in files)}",
        f"Chunks: {sum(len(file.chunks) for file in files)}",
        f"Datatype: {'phased' if phased else 'unphased'}",
        f"Build: {build}",
        f"Reference Panel: {panel.id} ({panel.build})",
        f"Population: {population}",
        f"Phasing: {phasing}",
        f"Mode: {values.get('mode') or 'imputation'}",
    ]
    if values.get("r2Filter", "0") not in ("", "0"):
        summary.append(f"Rsq filter: {values['r2Filter']}")
    return files, "\n".join(summary)


def _check(file: VcfFile, before: list[VcfFile], build: str, settings: Settings) -> None:
    count, raw = len(file.samples), file.raw_chromosome
    if file.chromosome not in VALID_CHROMOSOMES:
        raise Refused(f"Invalid chromosome found: {file.chromosome}")
    if before and len(before[-1].samples) != count:
        raise Refused(
            "Please double check, if all uploaded VCF files include the same amount of samples "
            f"({count} vs {len(before[-1].samples)})"
        )
    if count < settings.min_samples:
        raise Refused(f"At least {settings.min_samples} samples must be uploaded.")
    if count > settings.max_samples:
        raise Refused(
            f"The maximum number of samples is {settings.max_samples}. Please contact Admin "
            '(<a href="admin@localhost">admin@localhost</a>) to discuss this large imputation.'
        )
    if build == "hg19" and raw.startswith("chr"):
        raise Refused(_wrong_encoding(raw, build, file.chromosome))
    if build == "hg38" and not raw.startswith("chr"):
        raise Refused(_wrong_encoding(raw, build, f"chr{file.chromosome}"))


def _wrong_encoding(raw: str, build: str, right: str) -> str:
    return (
        f"Your upload data contains chromosome '{raw}'. This is not a valid {build} encoding. "
        f"Please ensure that your input data is build {build} and chromosome is encoded as "
        f"'{right}'."
    )


def _indexable(path: Path) -> list[str]:
    """Return the lines of a file that tabix can index: BGZF, and sorted by position."""

    def malformed(reason: str) -> Refused:
        return Refused(f"The provided VCF file is malformed.\nError: {reason}")

    with path.open("rb") as file:
        start = file.read(18)
    if start[:4] != b"\x1f\x8b\x08\x04" or start[12:14] != b"BC":
        raise malformed(f"[tabix] the compression of '{path.name}' is not BGZF")
    try:
        with gzip.open(path, "rt") as text:
            lines = text.read().splitlines()
    except (OSError, EOFError, UnicodeDecodeError, zlib.error) as error:
        raise malformed(f"[E::bgzf_read] Read block operation failed: {error}") from error
    last = ("", 0)
    for line in lines:
        columns = line.split("\t", 2)
        if line.startswith("#") or len(columns) < 3 or not columns[1].isdecimal():
            continue
        here = (columns[0], int(columns[1]))
        if here[0] == last[0] and here[1] < last[1]:
            raise malformed(
                "[E::hts_idx_push] Unsorted positions on sequence #1: "
                f"{last[1]} followed by {here[1]} tbx_index_build failed: {path.name}"
            )
        last = here
    return lines


def _read(path: Path, lines: list[str]) -> VcfFile:
    """Read as VcfFileUtil.load does."""
    samples: list[str] = []
    variants: list[Variant] = []
    raw_chromosomes: set[str] = set()
    phased = True
    for line in lines:
        if line.startswith("#CHROM"):
            samples = _samples(line)
        elif line and not line.startswith("#"):
            columns = line.split("\t")
            if len(columns) < 10:
                raise Refused("The provided VCF file is not tab-delimited")
            raw_chromosomes.add(columns[0])
            if len({name.replace("chr", "") for name in raw_chromosomes}) > 1:
                raise Refused(
                    "The provided VCF file contains more than one chromosome. Please split your "
                    "input VCF file by chromosome"
                )
            variant = _variant(columns)
            phased = phased and not any("/" in call for call in columns[9:])
            variants.append(variant)
    if not variants:
        raise Refused(
            'The provided files are not VCF files (see <a href="/start.html#!pages/help">Help</a>).'
        )
    raw = sorted(raw_chromosomes)[0]
    chromosome = raw.replace("chr", "")
    phased = phased or chromosome == MITOCHONDRIAL
    return VcfFile(path.name, raw, chromosome, samples, variants, phased)


def _samples(line: str) -> list[str]:
    columns = line.split("\t")
    for number, name in enumerate(columns):
        if name in columns[:number]:
            raise Refused(f"Two individuals or more have the following ID: {escape(name)}")
    return columns[9:]


def _variant(columns: list[str]) -> Variant:
    _, position, identifier, ref, alt, _, state, *_ = columns
    if ref == alt:
        raise Refused(
            f"The provided VCF file is malformed at variation {escape(identifier)}: reference "
            f"allele ({escape(ref)}) and alternate allele  ({escape(alt)}) are the same."
        )
    calls = [call.split(":", 1)[0] for call in columns[9:]]
    return Variant(int(position), identifier, ref, alt, state, calls)

"""Quality control: imputationserver-utils' QualityControlCommand with its StatisticsTask.

Chromosome X is not simulated. Thresholds are RefPanel's defaults.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from demo.cloudgene.validation import CHUNK_SIZE, Variant, VcfFile, chunk_of

LEAST_SNPS, LEAST_OVERLAP, LEAST_SAMPLE_CALL_RATE = 3, 0.5, 0.5
MOST_STRAND_FLIPS, MOST_ALLELE_SWITCHES = 100, 2**31 - 1
MOST_MISSING = 0.10
PHASING_WINDOW = 5_000_000
COMPLEMENT = {"A": "T", "T": "A", "C": "G", "G": "C"}

Alleles = tuple[str, str]  # REF and ALT
Sites = Mapping[int, Alleles]  # the panel's REF and ALT at each position


@dataclass
class Chunk:
    """A part of a chromosome; `found` and `typed_only` count variants in the panel and not."""

    chromosome: str
    number: int
    found: int = 0
    typed_only: int = 0
    kept: list[Variant] = field(default_factory=list)

    @property
    def start(self) -> int:
        """The first position, from 1."""
        return self.number * CHUNK_SIZE + 1

    @property
    def end(self) -> int:
        """The last position."""
        return self.start + CHUNK_SIZE - 1

    @property
    def name(self) -> str:
        """The chunk as the statistics name it."""
        return f"chunk_{self.chromosome}_{self.start:010d}_{self.end:010d}"


@dataclass
class Outcome:
    """What quality control found. `error` is "" where the job may go on with `chunks`."""

    counts: Counter[str] = field(default_factory=Counter)
    chunks: list[Chunk] = field(default_factory=list)
    removed: Counter[str] = field(default_factory=Counter)
    all_chunks: int = 0
    excluded: list[str] = field(default_factory=list)
    typed_only: list[str] = field(default_factory=list)
    excluded_chunks: list[str] = field(default_factory=list)
    error: str = ""


def control(files: Sequence[VcfFile], panel: Mapping[str, Sites]) -> Outcome:
    """Compare the files with the panel's sites, given by chromosome without "chr"."""
    outcome = Outcome()
    for file in files:
        _control_file(file, panel[file.chromosome], outcome)
    flips, switches = outcome.counts["flip"], outcome.counts["switch"]
    both = outcome.counts["flip and switch"]
    if not outcome.chunks:
        outcome.error = "No chunks passed the QC step. Imputation cannot be started!"
    elif flips + both > MOST_STRAND_FLIPS:
        outcome.error = (
            f"More than {MOST_STRAND_FLIPS} obvious strand flips have been detected. "
            "Please check strand. Imputation cannot be started!"
        )
    elif switches + both > MOST_ALLELE_SWITCHES:
        outcome.error = (
            f"More than {MOST_ALLELE_SWITCHES} allele switches have been detected. "
            "Imputation cannot be started!"
        )
    return outcome


def _control_file(file: VcfFile, sites: Sites, outcome: Outcome) -> None:
    chunks: dict[int, Chunk] = {}
    for variant in file.variants:
        number = chunk_of(variant.position)
        chunk = chunks.setdefault(number, Chunk(file.chromosome, number))
        verdict, detail = _judge(variant, sites.get(variant.position), outcome.counts)
        outcome.counts[verdict] += 1
        if verdict == "typed only":
            chunk.typed_only += 1
            outcome.typed_only.append(_row(file, variant))
        elif verdict in IN_PANEL:
            chunk.found += 1
        if verdict in KEPT:
            chunk.kept.append(variant)
        elif detail:
            outcome.counts["filtered"] += 1
            outcome.excluded.append(f"{_row(file, variant)}\t{detail}")
    positions = [variant.position for chunk in chunks.values() for variant in chunk.kept]
    for _, chunk in sorted(chunks.items()):
        outcome.all_chunks += 1
        window = range(chunk.start - PHASING_WINDOW, chunk.end + PHASING_WINDOW + 1)
        valid = sum(position in window for position in positions)
        _summarise(chunk, valid, len(file.samples), outcome)


def _row(file: VcfFile, variant: Variant) -> str:
    columns = (variant.id, file.raw_chromosome, variant.position, variant.ref, variant.alt)
    return "\t".join(map(str, columns))


IN_PANEL = {"match", "ambiguous", "switch", "flip", "flip and switch", "mismatch", "low call rate"}
KEPT = {"match", "ambiguous"}


def _judge(variant: Variant, site: Alleles | None, counts: Counter[str]) -> tuple[str, str]:
    """Return what a variant is, and why it is excluded ("" where it is not)."""
    verdict, detail = _unusable(variant)
    if detail:
        return verdict, detail
    called = [call for call in variant.calls if "." not in call]
    ones = sum(call.count("1") for call in called)
    if called and ones / (2 * len(called)) > 0.5:
        counts["alternative"] += 1
    if len(variant.calls) > 1 and ones == 0:
        return "monomorphic", "Monomorphic"
    if site is None:
        return "typed only", ""
    verdict, detail = _compare((variant.ref, variant.alt), site)
    if not detail and (rate := 1 - len(called) / len(variant.calls)) > MOST_MISSING:
        counts[verdict] += 1  # counted there as well
        return "low call rate", f"Low call rate. Value: {1 - rate}"
    return verdict, detail


def _unusable(variant: Variant) -> tuple[str, str]:
    if "," in variant.alt:
        return "multiallelic", "Multiallelic Site"
    if not {variant.ref.upper(), variant.alt.upper()} <= set(COMPLEMENT):
        return "invalid alleles", "Invalid Alleles"
    if variant.filter in ("PASS", ".", ""):
        return "", ""
    duplicate = "DUP" in variant.filter
    return ("duplicate", "Filter Duplicate") if duplicate else ("filter", "Filter Other")


def _compare(alleles: Alleles, site: Alleles) -> tuple[str, str]:
    flipped = (COMPLEMENT[site[0]], COMPLEMENT[site[1]])
    panel = f"Reference Panel: {site[0]}/{site[1]}"
    if alleles == site:
        return "match", ""
    if COMPLEMENT[alleles[0]] == alleles[1] and set(alleles) in ({*site}, {*flipped}):
        return "ambiguous", ""
    if alleles == site[::-1]:
        return "switch", f"Allele switch. {panel}"
    if alleles == flipped:
        return "flip", f"Strand flip. {panel}"
    if alleles == flipped[::-1]:
        return "flip and switch", f"Strand flip and Allele switch. {panel}"
    return "mismatch", f"Allele mismatch. {panel}"


def _summarise(chunk: Chunk, valid: int, samples: int, outcome: Outcome) -> None:
    called = [sum("." not in one.calls[sample] for one in chunk.kept) for sample in range(samples)]
    low = sum(count < LEAST_SAMPLE_CALL_RATE * len(chunk.kept) for count in called)
    seen = chunk.found + chunk.typed_only
    overlap = chunk.found / seen if seen else math.nan
    if overlap >= LEAST_OVERLAP and min(chunk.found, valid) >= LEAST_SNPS and not low:
        outcome.chunks.append(chunk)
        return
    if overlap < LEAST_OVERLAP:
        outcome.removed["overlap"] += 1
    elif min(chunk.found, valid) < LEAST_SNPS:
        outcome.removed["snps"] += 1
    else:
        outcome.removed["call rate"] += 1
    outcome.excluded_chunks.append(f"{chunk.name}\t{len(chunk.kept)}\t{overlap}\t{low}")


def statistics(outcome: Outcome) -> str:
    """Return the message with the counts."""
    c = outcome.counts
    found = sum(c[name] for name in IN_PANEL - {"low call rate"})
    overlap = found / (found + c["typed only"]) * 100 if found + c["typed only"] else math.nan
    shown = f"{overlap:.2f}" if not 0 <= overlap < 1 else f"{overlap:.2f}"[1:]
    return "\n".join(
        [
            "<b>Statistics:</b>",
            f"Alternative allele frequency > 0.5 sites: {c['alternative']:,}",
            f"Reference Overlap: {shown} %",
            f"Match: {c['match']:,}",
            f"Allele switch: {c['switch']:,}",
            f"Strand flip: {c['flip']:,}",
            f"Strand flip and allele switch: {c['flip and switch']:,}",
            f"A/T, C/G genotypes: {c['ambiguous']:,}",
            "<b>Filtered sites:</b>",
            f"Filter flag set: {c['filter']:,}",
            f"Invalid alleles: {c['invalid alleles']:,}",
            f"Multiallelic sites: {c['multiallelic']:,}",
            f"Duplicated sites: {c['duplicate']:,}",
            "NonSNP sites: 0",
            f"Monomorphic sites: {c['monomorphic']:,}",
            f"Allele mismatch: {c['mismatch']:,}",
            f"SNPs call rate < 90%: {c['low call rate']:,}",
        ]
    )


def conclusion(outcome: Outcome) -> str:
    """Return the message that follows: what remains, warnings, and the error if there is one."""
    c, removed = outcome.counts, outcome.removed
    kept = c["match"] + c["ambiguous"] - c["low call rate"]
    lines = [f"Excluded sites in total: {c['filtered']:,}", f"Remaining sites in total: {kept:,}"]
    if c["filtered"]:
        lines.append("See snps-excluded.txt for details")
    if c["typed only"]:
        lines += [f"Typed only sites: {c['typed only']:,}", "See typed-only.txt for details"]
    reasons = {
        "snps": f"< {LEAST_SNPS} SNPs (see chunks-excluded.txt for details).",
        "call rate": "at least one sample has a call rate < "
        f"{LEAST_SAMPLE_CALL_RATE * 100}% (see chunks-excluded.txt for details).",
        "overlap": f"reference overlap < {LEAST_OVERLAP * 100}% "
        "(see  chunks-excluded.txt for details).",
    }
    for name, reason in reasons.items():
        if removed[name]:
            lines.append(f"<b>Warning:</b> {removed[name]:,} Chunk(s) excluded: {reason}")
    if removed.total():
        lines.append(f"Remaining chunk(s): {len(outcome.chunks):,}")
    if outcome.error:
        lines.append(f"<b>Error:</b> {outcome.error}")
    return "\n".join(lines)


def write_statistics(outcome: Outcome, folder: Path) -> None:
    """Write the lists of what was excluded; only those that have rows."""
    variant = "ID\tCHROM\tPOS\tREF\tALT"
    lists = {
        "snps-excluded.txt": (f"{variant}\tINFO", outcome.excluded),
        "snps-typed-only.txt": (variant, outcome.typed_only),
        "chunks-excluded.txt": (
            "CHUNK\tSNPS\tREFERENCE_OVERLAP\tSAMPLES_LOW_CALL_RATE",
            outcome.excluded_chunks,
        ),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, (header, rows) in lists.items():
        if rows:
            (folder / name).write_text("\n".join([header, *rows]) + "\n")

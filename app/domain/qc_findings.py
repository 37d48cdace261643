"""What stands out in the statistics of a quality control, in plain words.

The limits are those of imputationserver-utils (`RefPanel.java`): a chunk is left out below 50 %
overlap with the panel, and a job fails with more than 100 strand flips. A panel may set its own.
"""

from dataclasses import dataclass

from app.domain.qc_statistics import QcStatistics

LEAST_OVERLAP = 50.0
MOST_FLIPS = 100
# Shares of the sites that are worth a word.
MANY_TYPED_ONLY = 0.2
MANY_EXCLUDED = 0.1
NEAR = 0.5


@dataclass(frozen=True)
class Finding:
    """A sentence or two about the data; `is_grave` where results are lost by it."""

    text: str
    is_grave: bool = False


def findings_of(statistics: QcStatistics) -> list[Finding]:
    """What a person should know, the gravest first."""
    found = [*_chunks(statistics), *_overlap(statistics), *_strand(statistics), *_sites(statistics)]
    return sorted(found, key=lambda finding: not finding.is_grave)


def _chunks(one: QcStatistics) -> list[Finding]:
    causes = (
        (one.chunks_few_snps, "with fewer than {limit:,g} usable sites", one.chunks_few_snps_limit),
        (
            one.chunks_low_call_rate,
            "where a sample has a call rate below {limit:g} %",
            one.chunks_low_call_rate_limit,
        ),
        (
            one.chunks_low_overlap,
            "whose overlap with the panel is below {limit:g} %",
            one.chunks_low_overlap_limit,
        ),
    )
    found = []
    for count, cause, limit in causes:
        if count:
            why = cause.format(limit=limit or 0)
            left_out = f"{_count(count, 'chunk')} {'was' if count == 1 else 'were'} left out, {why}"
            found.append(Finding(f"{left_out}: these regions have no result.", is_grave=True))
    if found and one.chunks_remaining is not None and one.chunks_remaining > 0:
        remain = "remains" if one.chunks_remaining == 1 else "remain"
        found.append(
            Finding(f"{_count(one.chunks_remaining, 'chunk')} {remain} and can be imputed.")
        )
    return found


def _overlap(one: QcStatistics) -> list[Finding]:
    if one.overlap is None or one.overlap >= 80:
        return []
    if one.overlap < LEAST_OVERLAP:
        return [
            Finding(
                f"Only {one.overlap:g} % of the sites are in the panel: chunks below "
                f"{LEAST_OVERLAP:g} % are left out. The genome build or the panel may be wrong.",
                is_grave=True,
            )
        ]
    text = f"Overlap with the panel is {one.overlap:g} %: below {LEAST_OVERLAP:g} % a chunk is "
    return [Finding(f"{text}left out.")]


def _strand(one: QcStatistics) -> list[Finding]:
    flips = (one.strand_flip or 0) + (one.strand_flip_and_switch or 0)
    if flips > MOST_FLIPS:
        return [
            Finding(
                f"{flips:,} sites are on the other strand than the panel: servers refuse more than "
                f"{MOST_FLIPS}. Align the data with the panel's strand.",
                is_grave=True,
            )
        ]
    if flips > MOST_FLIPS * NEAR:
        return [Finding(f"{flips:,} strand flips: servers refuse more than {MOST_FLIPS}.")]
    return []


def _sites(one: QcStatistics) -> list[Finding]:
    found = []
    total = (one.remaining or 0) + (one.excluded or 0) + (one.typed_only or 0)
    if total and one.excluded and one.excluded / total > MANY_EXCLUDED:
        share = one.excluded / total
        found.append(Finding(f"{one.excluded:,} sites, {share:.0%} of all, were excluded."))
    if total and one.typed_only and one.typed_only / total > MANY_TYPED_ONLY:
        share = one.typed_only / total
        found.append(
            Finding(f"{one.typed_only:,} sites, {share:.0%} of all, are not in the panel.")
        )
    if one.allele_switch and one.match and one.allele_switch > one.match * 0.1:
        found.append(
            Finding(
                f"{one.allele_switch:,} sites have REF and ALT the other way round than the panel. "
                "Set REF to the allele of the reference genome (bcftools norm --check-ref)."
            )
        )
    return found


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"

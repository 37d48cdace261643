"""What the quality control of an imputation server counted, read from what the server said.

The messages are those of imputationserver-utils (`InputValidationCommand`, `QualityControlCommand`)
and of the Michigan server's first generation, which writes the same labels. They are read wherever
they stand, because servers wrap and join lines differently.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

# "#.00" in the server's own words: thousands have commas, and less than one has no zero before it.
# No count is longer than this.
_NUMBER = r"(\d[\d,]{0,19}(?:\.\d{1,9})?|\.\d{1,9})"

# field: the server's label; counts of sites
COUNTS = {
    "variants": "SNPs",
    "samples": "Samples",
    "chunks": "Chunks",
    "frequent_alternative": "Alternative allele frequency > 0.5 sites",
    "match": "Match",
    "allele_switch": "Allele switch",
    "strand_flip": "Strand flip",
    "strand_flip_and_switch": "Strand flip and allele switch",
    "ambiguous": "A/T, C/G genotypes",
    "filter_flag": "Filter flag set",
    "invalid_alleles": "Invalid alleles",
    "multiallelic": "Multiallelic sites",
    "duplicated": "Duplicated sites",
    "non_snp": "NonSNP sites",
    "monomorphic": "Monomorphic sites",
    "allele_mismatch": "Allele mismatch",
    "low_call_rate": "SNPs call rate < 90%",
    "excluded": "Excluded sites in total",
    "remaining": "Remaining sites in total",
    "typed_only": "Typed only sites",
    "chunks_remaining": "Remaining chunk(s)",
}
WORDS = {
    "data_type": "Datatype",
    "build": "Build",
    "panel": "Reference Panel",
    "population": "Population",
    "phasing": "Phasing",
    "mode": "Mode",
}
_LABELS = (*COUNTS.values(), *WORDS.values(), "Chromosomes", "Rsq filter", "Reference Overlap")
_NAMES = {label: name for name, label in COUNTS.items()}
_COUNT = re.compile(rf"(?<!\w)({'|'.join(map(re.escape, _NAMES))}): {_NUMBER}")
_NEXT_LABEL = "|".join(re.escape(f"{label}:") for label in _LABELS)

# field: (the count, the limit that the server names with it)
_CHUNKS = {
    "chunks_few_snps": rf"{_NUMBER} Chunk\(s\) excluded: < {_NUMBER} SNPs",
    "chunks_low_call_rate": (
        rf"{_NUMBER} Chunk\(s\) excluded: at least one sample has a call rate < {_NUMBER} ?%"
    ),
    "chunks_low_overlap": rf"{_NUMBER} Chunk\(s\) excluded: reference overlap < {_NUMBER} ?%",
}

# field: title; the reasons for which a site is left out
EXCLUSIONS = {
    "filter_flag": "FILTER flag set",
    "invalid_alleles": "Invalid alleles",
    "multiallelic": "Multiallelic",
    "duplicated": "Duplicated",
    "non_snp": "Not a SNP",
    "monomorphic": "Monomorphic",
    "allele_mismatch": "Allele mismatch",
    "allele_switch": "Allele switch",
    "strand_flip": "Strand flip",
    "strand_flip_and_switch": "Strand flip and allele switch",
    "low_call_rate": "Call rate below 90 %",
}


@dataclass(frozen=True)
class QcStatistics:
    """What is known; None and empty where nothing was said.

    Counts are of sites, but for `samples` and `chunks…`; `overlap` and the limits beside the counts
    of chunks are percentages, `few_snps_limit` is a number of sites. `by_chromosome` has the
    excluded sites of the server's own list: reason, chromosome, count.
    """

    samples: int | None = None
    chromosomes: Sequence[str] = ()
    variants: int | None = None
    chunks: int | None = None
    data_type: str = ""
    build: str = ""
    panel: str = ""
    population: str = ""
    phasing: str = ""
    mode: str = ""
    overlap: float | None = None
    frequent_alternative: int | None = None
    match: int | None = None
    allele_switch: int | None = None
    strand_flip: int | None = None
    strand_flip_and_switch: int | None = None
    ambiguous: int | None = None
    filter_flag: int | None = None
    invalid_alleles: int | None = None
    multiallelic: int | None = None
    duplicated: int | None = None
    non_snp: int | None = None
    monomorphic: int | None = None
    allele_mismatch: int | None = None
    low_call_rate: int | None = None
    excluded: int | None = None
    remaining: int | None = None
    typed_only: int | None = None
    chunks_remaining: int | None = None
    chunks_few_snps: int | None = None
    chunks_few_snps_limit: float | None = None
    chunks_low_call_rate: int | None = None
    chunks_low_call_rate_limit: float | None = None
    chunks_low_overlap: int | None = None
    chunks_low_overlap_limit: float | None = None
    by_chromosome: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    excluded_chunks: Sequence[Mapping[str, Any]] = ()

    @property
    def chunks_excluded(self) -> int:
        """How many chunks were left out, for whatever reason."""
        parts = (self.chunks_few_snps, self.chunks_low_call_rate, self.chunks_low_overlap)
        return sum(part or 0 for part in parts)


NAMES = frozenset(one.name for one in fields(QcStatistics))


def read_messages(texts: Iterable[str]) -> dict[str, Any]:
    """What messages tell, by the names of `QcStatistics`; a later message counts."""
    found: dict[str, Any] = {}
    for text in texts:
        plain = " ".join(text.replace("\x00", "").split())
        for label, number in _COUNT.findall(plain):
            found[_NAMES[label]] = _whole(number)
        if overlap := re.search(rf"Reference Overlap: {_NUMBER} ?%", plain):
            found["overlap"] = _real(overlap[1])
        for name, pattern in _CHUNKS.items():
            if told := re.search(pattern, plain):
                found |= {name: _whole(told[1]), f"{name}_limit": _real(told[2])}
        # These labels are common words, and mean a value only in the summary of the input.
        if "valid VCF file(s) found" in plain:
            found |= _summary(plain)
    return found


def statistics_of(stored: Mapping[str, Any]) -> QcStatistics | None:
    """The statistics of a job as they are stored, None where there are none."""
    known = {name: value for name, value in stored.items() if name in NAMES}
    return QcStatistics(**known) if known else None


def kept_and_excluded(statistics: QcStatistics) -> list[tuple[str, int]]:
    """What became of the sites: those kept, then those excluded by reason, the most first.

    The first generation of the server counts allele switches, but keeps those sites: they are left
    out here where the server's own total does not have room for them.
    """
    reasons = {
        title: getattr(statistics, name) or 0
        for name, title in EXCLUSIONS.items()
        if getattr(statistics, name)
    }
    switched = EXCLUSIONS["allele_switch"]
    total = statistics.excluded
    if total is not None and switched in reasons and sum(reasons.values()) > total:
        del reasons[switched]
    kept = [
        ("Kept, in the panel", statistics.remaining),
        ("Kept, typed only", statistics.typed_only),
    ]
    most_first = sorted(reasons.items(), key=lambda pair: -pair[1])
    return [(title, count) for title, count in kept if count is not None] + most_first


def _summary(plain: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, label in WORDS.items():
        if word := re.search(rf"(?<!\w){label}: (.*?)(?= (?:{_NEXT_LABEL})|$)", plain):
            found[name] = word[1].strip()[:120]
    if names := re.search(rf"Chromosomes: (.*?)(?= (?:{_NEXT_LABEL})|$)", plain):
        found["chromosomes"] = names[1].split()[:100]
    return found


def _whole(text: str) -> int:
    return int(float(text.replace(",", "")))


def _real(text: str) -> float:
    return float(text.replace(",", ""))

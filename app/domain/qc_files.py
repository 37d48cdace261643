"""The lists that an imputation server's quality control leaves: sites and chunks left out, and why.

Their columns are those of imputationserver-utils (`ExcludedSnpsWriter`, `ExcludedChunksWriter`,
`TypedOnlySnpsWriter`) and of the first generation of the server, whose headings begin with "#".
"""

import math
import re
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Any

LISTS = ("snps-excluded.txt", "snps-typed-only.txt", "typed-only.txt", "chunks-excluded.txt")
TYPED_ONLY = "Typed only"
MOST_CHROMOSOMES = 60
MOST_REASONS = 30
MOST_CHUNKS = 400

# "chunk_20_0000000001_0020000000", "chunk_X.nonPAR_…"
_CHUNK = re.compile(r"chunk_(?P<chromosome>.+)_(?P<start>\d{1,12})_(?P<end>\d{1,12})")


def is_list(name: str) -> bool:
    """Tell whether a result is one of the lists, by its name."""
    return PurePosixPath(name).name in LISTS


def read_list(name: str, lines: Iterable[str]) -> dict[str, Any]:
    """What a list tells, by the names of `QcStatistics`; empty where it is not as expected."""
    # No text of the database has a NUL.
    rows = (line.replace("\x00", "").rstrip("\r\n").split("\t") for line in lines)
    columns = [column.lstrip("#").strip().upper() for column in next(rows, [])]
    kind = PurePosixPath(name).name
    if kind == "chunks-excluded.txt":
        return {"excluded_chunks": _chunks(rows)} if columns[:1] == ["CHUNK"] else {}
    if columns[:2] == ["ID", "CHROM"]:
        chromosome, reason = 1, columns.index("INFO") if "INFO" in columns else None
    elif columns[:1] == ["POSITION"]:
        chromosome, reason = 0, 1 if len(columns) > 1 else None
    else:
        return {}
    counts: dict[str, dict[str, int]] = {}
    for row in rows:
        if len(row) <= max(chromosome, reason or 0):
            continue
        why = TYPED_ONLY if reason is None or "typed-only" in kind else _reason(row[reason])
        where = counts.setdefault(why, {}) if len(counts) < MOST_REASONS else counts.get(why, {})
        # The first generation writes "20:61098:C:T".
        place = row[chromosome].split(":")[0][:40]
        if place in where or len(where) < MOST_CHROMOSOMES:
            where[place] = where.get(place, 0) + 1
    return {"by_chromosome": counts}


def _reason(info: str) -> str:
    """The reason without what differs from site to site ("Allele switch. Reference Panel: A/G")."""
    return re.split(r"[.:]", info, maxsplit=1)[0].strip()[:60] or "Not told"


def _chunks(rows: Iterable[list[str]]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for row in rows:
        place = _CHUNK.fullmatch(row[0])
        if place is None or len(row) < 4 or len(found) == MOST_CHUNKS:
            continue
        try:
            facts = {"snps": int(row[1]), "overlap": _percent(row[2]), "low_samples": int(row[3])}
        except ValueError:
            continue
        region = f"{place['chromosome']}:{int(place['start'])}-{int(place['end'])}"
        found.append({"region": region} | facts)
    return found


def _percent(share: str) -> float | None:
    percent = 100 * float(share)
    return round(percent, 2) if math.isfinite(percent) else None

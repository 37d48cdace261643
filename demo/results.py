"""What a run leaves: imputed genotypes with their index, a quality table, and a summary."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from demo import vcf
from demo.imputation import Imputed
from demo.panel import Panel
from demo.vcf import Target

FIELDS = [
    '##INFO=<ID=AF,Number=A,Type=Float,Description="Estimated frequency of the ALT allele">',
    '##INFO=<ID=MAF,Number=1,Type=Float,Description="Estimated frequency of the rarer allele">',
    '##INFO=<ID=R2,Number=1,Type=Float,Description="Estimated imputation accuracy (r-square)">',
    '##INFO=<ID=ER2,Number=1,Type=Float,Description="Empirical (leave-one-out) r-square">',
    '##INFO=<ID=TYPED,Number=0,Type=Flag,Description="The target had this variant">',
    '##INFO=<ID=IMPUTED,Number=0,Type=Flag,Description="The panel had this variant">',
    '##FORMAT=<ID=DS,Number=1,Type=Float,Description="Estimated dosage of the ALT allele">',
]
COLUMNS = ["CHROM", "POS", "ID", "REF", "ALT", "AF", "MAF", "R2", "ER2", "TYPED"]


def write(folder: Path, panel: Panel, target: Target, imputed: Imputed, *, min_r2: float) -> None:
    """Write imputed.vcf.gz, imputed.vcf.gz.tbi, info.tsv and stats.json.

    Imputed variants with an estimated r-square below `min_r2` are left out; typed ones stay.
    """
    kept = np.flatnonzero(imputed.typed | (imputed.r2 >= min_r2)).tolist()
    lines = records(panel, imputed, kept)
    header = [*vcf.header(panel.chromosome), *FIELDS]
    vcf.write(folder / "imputed.vcf.gz", header, target.samples, lines)
    rows = ("\t".join(row) + "\n" for row in (COLUMNS, *_quality_rows(panel, imputed, kept)))
    (folder / "info.tsv").write_text("".join(rows))
    r2 = imputed.r2[kept]
    stats = {
        "samples": len(target.samples),
        "variants": len(kept),
        "typed": int(imputed.typed.sum()),
        "target_variants": len(target.variants),
        "overlap": round(int(imputed.typed.sum()) / len(target.variants), 4),
        "mean_r2": round(float(r2.mean()), 4),
        "r2_ge_0_3": int((r2 >= 0.3).sum()),
        "r2_ge_0_8": int((r2 >= 0.8).sum()),
    }
    (folder / "stats.json").write_text(json.dumps(stats) + "\n")


def _quality_rows(panel: Panel, imputed: Imputed, kept: list[int]) -> Iterator[list[str]]:
    for v in kept:
        af, er2 = float(imputed.af[v]), float(imputed.er2[v])
        quality = [f"{af:.6g}", f"{min(af, 1 - af):.6g}", f"{imputed.r2[v]:.6g}"]
        quality += [f"{er2:.6g}" if imputed.typed[v] else ".", str(int(imputed.typed[v]))]
        yield [panel.chromosome, str(panel.positions[v]), ".", panel.ref[v], panel.alt[v], *quality]


def records(panel: Panel, imputed: Imputed, kept: list[int]) -> Iterator[str]:
    """Return the VCF lines of the variants `kept`, with dosages of the ALT allele."""
    for v, row in zip(kept, _quality_rows(panel, imputed, kept), strict=True):
        *variant, af, maf, r2, er2, typed = row
        info = f"AF={af};MAF={maf};R2={r2}" + (f";ER2={er2};TYPED" if typed == "1" else "")
        first, second = imputed.dosages[::2, v], imputed.dosages[1::2, v]
        calls = (
            f"{int(a > 0.5)}|{int(b > 0.5)}:{a + b:.3f}"
            for a, b in zip(first.tolist(), second.tolist(), strict=True)
        )
        yield "\t".join([*variant, ".", "PASS", f"{info};IMPUTED", "GT:DS", *calls])

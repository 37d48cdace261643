"""Imputing one chromosome, and the files that Minimac4 and bcftools make of it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pysam

from demo import imputation, results, vcf
from demo.cloudgene.phasing import phase
from demo.cloudgene.quality import Chunk
from demo.imputation import Imputed
from demo.panel import Panel
from demo.vcf import MISSING, NUMBERS, Target

MISMATCH_RATE = 0.01


@dataclass(frozen=True)
class Options:
    """What a user asks of imputation."""

    min_r2: float
    phased: bool
    meta: bool


def impute(
    chunks: Sequence[Chunk],
    samples: list[str],
    panel: Panel,
    options: Options,
    between_batches: Callable[[], None],
) -> tuple[Target, Panel, Imputed]:
    """Impute the chunks of one chromosome; UnusableTarget where they share too little with it."""
    inside = np.zeros(len(panel.positions), dtype=np.bool_)
    for chunk in chunks:
        inside |= (panel.positions >= chunk.start) & (panel.positions <= chunk.end)
    panel = panel.at(np.flatnonzero(inside))
    variants = [variant for chunk in chunks for variant in chunk.kept]
    alleles = np.array([_alleles(variant.calls) for variant in variants], dtype=np.int8).T
    target = Target(
        samples, [(panel.chromosome, v.position, v.ref, v.alt) for v in variants], alleles
    )
    in_panel, in_target = imputation.shared_variants(panel, target)
    if not options.phased:
        alleles[:, in_target] = phase(alleles[:, in_target], panel, in_panel)
    imputed = imputation.impute(
        panel, target, mismatch_rate=MISMATCH_RATE, between_batches=between_batches
    )
    return target, panel, imputed


def _alleles(calls: list[str]) -> list[int]:
    pairs = (call.replace("/", "|").split("|") for call in calls)
    return [NUMBERS.get(allele, MISSING) for pair in pairs for allele in (*pair, ".")[:2]]


def write(
    folder: Path, target: Target, panel: Panel, imputed: Imputed, options: Options, about: list[str]
) -> list[Path]:
    """Write chrN.dose.vcf.gz, chrN.info.gz and, if asked for, chrN.empiricalDose.vcf.gz.

    `about` are header lines that name pipeline, phasing and panel.
    """
    kept = np.flatnonzero(imputed.typed | (imputed.r2 >= options.min_r2)).tolist()
    lines = list(results.records(panel, imputed, kept))
    header = [*vcf.header(panel.chromosome), *results.FIELDS, *about]
    sites = ["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO"]
    columns = "\t".join([*sites, "FORMAT", *target.samples])
    name = panel.chromosome
    written = {
        f"{name}.dose.vcf.gz": [*header, columns, *lines],
        f"{name}.info.gz": [
            *header,
            "\t".join(sites),
            *("\t".join(line.split("\t", 8)[:8]) for line in lines),
        ],
    }
    if options.meta:
        written[f"{name}.empiricalDose.vcf.gz"] = [
            *vcf.header(panel.chromosome),
            '##FORMAT=<ID=LDS,Number=.,Type=Float,Description="Leave-one-out imputed dosage">',
            *about,
            columns,
            *_empirical(panel, target, imputed),
        ]
    for file, text in written.items():
        _write_bgzf(folder / file, text)
    return [folder / file for file in written]


def _empirical(panel: Panel, target: Target, imputed: Imputed) -> Iterable[str]:
    typed = np.flatnonzero(imputed.typed).tolist()
    for number, v in enumerate(typed):
        alleles = imputed.dosages[:, v] > 0.5
        left_out = imputed.left_out[:, number]
        calls = (
            f"{int(alleles[i])}|{int(alleles[i + 1])}:{left_out[i]:.3f}|{left_out[i + 1]:.3f}"
            for i in range(0, 2 * len(target.samples), 2)
        )
        site = [panel.chromosome, str(panel.positions[v]), ".", panel.ref[v], panel.alt[v]]
        yield "\t".join([*site, ".", "PASS", ".", "GT:LDS", *calls])


def _write_bgzf(path: Path, lines: Iterable[str]) -> None:
    with pysam.BGZFile(str(path), "wb", None) as file:
        for line in lines:
            file.write(line.encode() + b"\n")

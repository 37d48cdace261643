"""Imputation with the model of Li and Stephens (Genetics 165:2213, 2003), short rather than fast.

Each target haplotype is an imperfect mosaic of panel haplotypes. Which of them it copies where is
a hidden Markov chain: the longer the distance, the likelier a change of the copied haplotype; and
a copy is now and then wrong. The forward-backward algorithm gives, at each typed variant, the
probability of copying each panel haplotype. Between two typed variants it is interpolated, and
the panel's alleles, weighted with it, are the imputed dosages.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from demo.panel import Panel
from demo.vcf import MISSING, Target, UnusableTarget

Floats = NDArray[np.float32]

COPIED_LENGTH = 200_000  # mean distance in base pairs between two changes of the copied haplotype
LEAST_SHARED_VARIANTS = 10
CELLS_AT_ONCE = 10_000_000  # bounds memory: typed variants x target haplotypes x panel haplotypes


@dataclass(frozen=True)
class Imputed:
    """Imputed dosages of the ALT allele, per haplotype, with a quality for each variant.

    `r2` is minimac's estimate: the variance of the dosages over that of certain alleles with the
    same frequency. `er2` is the squared correlation of a typed variant's genotypes with what the
    model makes of them from the other variants; NaN elsewhere. `left_out` is what it makes of
    them, per haplotype and typed variant.
    """

    dosages: Floats
    af: Floats
    r2: Floats
    er2: Floats
    typed: NDArray[np.bool_]
    left_out: Floats


def shared_variants(panel: Panel, target: Target) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the indices in panel and in target of the variants that both have, in panel order.

    Raises UnusableTarget where there are too few to impute from.
    """
    alleles = zip(panel.positions.tolist(), panel.ref, panel.alt, strict=True)
    in_panel = {(panel.chromosome, *key): index for index, key in enumerate(alleles)}
    shared = {in_panel[key]: index for index, key in enumerate(target.variants) if key in in_panel}
    if len(shared) < LEAST_SHARED_VARIANTS:
        chromosomes = ", ".join(sorted({variant[0] for variant in target.variants}))
        first, last = panel.positions[[0, -1]]
        raise UnusableTarget(
            f"The panel does not fit the target: they share {len(shared)} variants. This simulated "
            f"panel covers {panel.chromosome}:{first}-{last}, the target has {chromosomes}. Send "
            "the demo dataset: people's genotypes cannot be imputed with simulated ones."
        )
    in_order = sorted(shared)
    return np.array(in_order), np.array([shared[index] for index in in_order])


def impute(
    panel: Panel, target: Target, *, mismatch_rate: float, between_batches: Callable[[], None]
) -> Imputed:
    """Impute all variants of the panel into the target.

    `mismatch_rate` is the probability that a copied allele is wrong, above 0 and below 0.5.
    `between_batches` is called now and then, and may raise to end the work.
    """
    typed, in_target = shared_variants(panel, target)
    observed = target.haplotypes[:, in_target]
    batch = max(1, CELLS_AT_ONCE // (len(typed) * len(panel.haplotypes)))
    dosages, left_out = [], []
    for start in range(0, len(observed), batch):
        between_batches()
        part = observed[start : start + batch]
        imputed, without_own = _impute_batch(panel, typed, part, mismatch_rate)
        dosages.append(imputed)
        left_out.append(without_own)
    return _with_quality(np.concatenate(dosages), np.concatenate(left_out), observed, typed)


def _impute_batch(
    panel: Panel, typed: NDArray[np.intp], observed: NDArray[np.int8], mismatch_rate: float
) -> tuple[Floats, Floats]:
    """Return dosages [target haplotype, variant], and those at typed variants without their own."""
    reference = panel.haplotypes[:, typed]
    matches = observed.T[:, :, None] == reference.T[:, None, :]
    emission = np.where(matches, 1 - mismatch_rate, mismatch_rate).astype(np.float32)
    emission[observed.T == MISSING] = 1
    copied = _copying_probabilities(emission, panel.positions[typed])

    dosages = _interpolate(copied, panel, typed)
    known = observed != MISSING
    dosages[:, typed] = np.where(known, observed, dosages[:, typed])

    others = _normalised(copied / emission)
    without_own = np.einsum("mth,hm->tm", others, reference.astype(np.float32))
    return dosages, without_own


def _normalised(weights: Floats) -> Floats:
    total: Floats = weights.sum(axis=-1, keepdims=True)
    return weights / total


def _copying_probabilities(emission: Floats, positions: NDArray[np.int64]) -> Floats:
    """Forward-backward: [typed variant, target haplotype, panel haplotype], the last sums to 1."""
    changes = 1 - np.exp(-np.diff(positions) / COPIED_LENGTH).astype(np.float32)
    panel_size = emission.shape[2]

    forward = np.empty_like(emission)
    forward[0] = _normalised(emission[0])
    for m, change in enumerate(changes, start=1):
        forward[m] = _normalised(
            emission[m] * ((1 - change) * forward[m - 1] + change / panel_size)
        )

    posterior = forward
    backward = np.full_like(emission[0], 1 / panel_size)
    for m in range(len(changes), 0, -1):
        seen = _normalised(emission[m] * backward)
        backward = (1 - changes[m - 1]) * seen + changes[m - 1] / panel_size
        posterior[m - 1] = _normalised(forward[m - 1] * backward)
    return posterior


def _interpolate(copied: Floats, panel: Panel, typed: NDArray[np.intp]) -> Floats:
    """Weight the panel's alleles with the copying probabilities, interpolated by distance."""
    positions, known = panel.positions, panel.positions[typed]
    right = np.clip(np.searchsorted(known, positions), 1, len(known) - 1)
    share = (positions - known[right - 1]) / (known[right] - known[right - 1])
    share = np.clip(share, 0, 1).astype(np.float32)
    alleles = panel.haplotypes.astype(np.float32)

    dosages = np.empty((copied.shape[1], len(positions)), dtype=np.float32)
    for m in np.unique(right):
        here = np.flatnonzero(right == m)
        dosages[:, here] = (1 - share[here]) * (copied[m - 1] @ alleles[:, here]) + share[here] * (
            copied[m] @ alleles[:, here]
        )
    return dosages


def _with_quality(
    dosages: Floats, without_own: Floats, observed: NDArray[np.int8], typed: NDArray[np.intp]
) -> Imputed:
    af = dosages.mean(axis=0)
    certain = af * (1 - af)
    r2 = np.divide(dosages.var(axis=0), certain, out=np.zeros_like(af), where=certain > 1e-6)
    er2 = np.full_like(af, np.nan)
    for m, variant in enumerate(typed):
        known = observed[:, m] != MISSING
        er2[variant] = _squared_correlation(observed[known, m], without_own[known, m])
    is_typed = np.zeros(dosages.shape[1], dtype=np.bool_)
    is_typed[typed] = True
    return Imputed(dosages, af, np.minimum(r2, 1), er2, is_typed, without_own)


def _squared_correlation(a: NDArray[np.int8], b: Floats) -> float:
    if len(a) < 2 or a.std() == 0 or b.std() == 0:
        return 0.0
    return float(np.corrcoef(a, b)[0, 1] ** 2)

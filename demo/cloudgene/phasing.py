"""Phasing of unphased genotypes: the likelier order of each heterozygous call, left to right.

Both haplotypes of a person are followed through the panel as in demo.imputation; where a call is
heterozygous, the order that fits better what each has copied so far is taken.
"""

import numpy as np
from numpy.typing import NDArray

from demo.imputation import COPIED_LENGTH
from demo.panel import Panel
from demo.vcf import MISSING

MISMATCH = 0.01


def phase(
    haplotypes: NDArray[np.int8], panel: Panel, variants: NDArray[np.intp]
) -> NDArray[np.int8]:
    """Return the genotypes in phase; column v of `haplotypes` is the panel's `variants[v]`."""
    reference = panel.haplotypes[:, variants]
    first, second = haplotypes[::2].copy(), haplotypes[1::2].copy()
    size = len(reference)
    copied = np.full((2, len(first), size), 1 / size)
    gaps = np.diff(panel.positions[variants], prepend=panel.positions[variants][:1])
    for v, change in enumerate(1 - np.exp(-gaps / COPIED_LENGTH)):
        copied = (1 - change) * copied + change / size
        fits = [_fit(side[:, v], reference[:, v]) for side in (first, second)]
        kept = (copied[0] * fits[0]).sum(1) * (copied[1] * fits[1]).sum(1)
        turned = (copied[0] * fits[1]).sum(1) * (copied[1] * fits[0]).sum(1)
        swap = turned > kept
        first[swap, v], second[swap, v] = second[swap, v], first[swap, v].copy()
        for side, alleles in enumerate((first[:, v], second[:, v])):
            copied[side] *= _fit(alleles, reference[:, v])
            copied[side] /= copied[side].sum(1, keepdims=True)
    phased = np.empty_like(haplotypes)
    phased[::2], phased[1::2] = first, second
    return phased


def _fit(alleles: NDArray[np.int8], reference: NDArray[np.uint8]) -> NDArray[np.float64]:
    same = alleles[:, None] == reference[None, :]
    fit = np.where(same, 1 - MISMATCH, MISMATCH)
    fit[alleles == MISSING] = 1
    return fit

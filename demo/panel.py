"""The simulated reference panel, and more people of the same simulated population.

Nothing here comes from a person. Every haplotype is a mosaic of a few ancestors, with rare
changes of its own, so that neighbouring variants are correlated as they are in real genomes.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

CHROMOSOME = "chr20"
CHROMOSOME_LENGTH = 64_444_167  # of GRCh38, whose coordinates we borrow
FIRST_POSITION, LAST_POSITION = 10_000_000, 14_000_000
BASES = np.array(["A", "C", "G", "T"])

ANCESTORS = 40
SEGMENT_LENGTH = 500_000  # mean distance in base pairs between two changes of ancestor
CHANGED_ALLELES = 0.002


@dataclass(frozen=True)
class Panel:
    """Phased haplotypes: `haplotypes[h, v]` is 1 where haplotype h has the ALT of variant v."""

    chromosome: str
    positions: NDArray[np.int64]
    ref: NDArray[np.str_]
    alt: NDArray[np.str_]
    haplotypes: NDArray[np.uint8]

    def of(self, haplotypes: slice) -> "Panel":
        """Return the same variants with only some of the haplotypes."""
        return replace(self, haplotypes=self.haplotypes[haplotypes])

    def at(self, variants: NDArray[np.int64]) -> "Panel":
        """Return the same haplotypes with only some of the variants, given by index."""
        return Panel(
            self.chromosome,
            self.positions[variants],
            self.ref[variants],
            self.alt[variants],
            self.haplotypes[:, variants],
        )


def simulate(*, haplotypes: int = 200, variants: int = 3000, seed: int = 20) -> Panel:
    """Simulate a population sample; the same arguments give the same haplotypes for ever."""
    random = np.random.default_rng(seed)
    span = np.arange(FIRST_POSITION, LAST_POSITION)
    positions = np.sort(random.choice(span, size=variants, replace=False))
    ref = random.integers(4, size=variants)
    alt = (ref + random.integers(1, 4, size=variants)) % 4

    # Many rare and few common variants, as in a real population.
    frequency = random.beta(0.4, 1.6, size=variants)
    ancestors = random.random((ANCESTORS, variants)) < frequency
    ancestors[random.integers(ANCESTORS, size=variants), np.arange(variants)] = True

    change = 1 - np.exp(-np.diff(positions, prepend=positions[0]) / SEGMENT_LENGTH)
    copied = np.empty((haplotypes, variants), dtype=np.int64)
    copied[:, 0] = random.integers(ANCESTORS, size=haplotypes)
    for v in range(1, variants):
        switches = random.random(haplotypes) < change[v]
        copied[:, v] = np.where(
            switches, random.integers(ANCESTORS, size=haplotypes), copied[:, v - 1]
        )
    alleles = ancestors[copied, np.arange(variants)]
    alleles ^= random.random(alleles.shape) < CHANGED_ALLELES
    return Panel(CHROMOSOME, positions, BASES[ref], BASES[alt], alleles.astype(np.uint8))

"""The simulated reference panel, and more people of the same simulated population.

Nothing here comes from a person. Every haplotype is a mosaic of a few ancestors, with rare
changes of its own, so that neighbouring variants are correlated as they are in real genomes.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Region:
    """The part of a chromosome that is simulated; `length` is the chromosome's, in base pairs."""

    length: int
    first: int
    last: int
    seed: int


CHROMOSOME = "chr20"  # where only one is needed
REGIONS = {  # in the coordinates of GRCh38, which we borrow
    "chr20": Region(64_444_167, 10_000_000, 14_000_000, seed=20),
    "chr21": Region(46_709_983, 18_000_000, 22_000_000, seed=21),
    "chr22": Region(50_818_468, 24_000_000, 28_000_000, seed=22),
}
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


def simulate(*, chromosome: str = CHROMOSOME, haplotypes: int = 200, variants: int = 3000) -> Panel:
    """Simulate a population sample; the same arguments give the same haplotypes for ever."""
    region = REGIONS[chromosome]
    random = np.random.default_rng(region.seed)
    span = np.arange(region.first, region.last)
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
    return Panel(chromosome, positions, BASES[ref], BASES[alt], alleles.astype(np.uint8))

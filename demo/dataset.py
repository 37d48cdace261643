"""The demo dataset: people like those in the panel, of whom an array typed every tenth variant.

`python -m demo.dataset FOLDER` writes three files there: `demo.vcf.gz` to upload,
`truth.vcf.gz` with all variants of the same people, and `panel.vcf.gz`, the panel itself; and
`chr20.vcf.gz`, `chr21.vcf.gz` and `chr22.vcf.gz`, one dataset of three chromosomes.
"""

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from demo import panel as simulated
from demo import vcf
from demo.panel import Panel

PANEL_HAPLOTYPES = 200
SAMPLES = 30
TYPED_VARIANTS = 300
SMALLEST_TYPED_MAF = 0.05  # arrays carry common variants


@dataclass(frozen=True)
class Demo:
    """The simulated panel, and the truth about people who are not in it.

    `typed` holds the indices of the variants that the demo dataset has.
    """

    panel: Panel
    truth: Panel
    typed: np.ndarray[tuple[int], np.dtype[np.int64]]


def simulate(chromosome: str = simulated.CHROMOSOME) -> Demo:
    """Simulate panel and people from one population; always the same."""
    everyone = simulated.simulate(chromosome=chromosome, haplotypes=PANEL_HAPLOTYPES + 2 * SAMPLES)
    reference = everyone.of(slice(PANEL_HAPLOTYPES))
    frequency = reference.haplotypes.mean(axis=0)
    common = np.flatnonzero(np.minimum(frequency, 1 - frequency) >= SMALLEST_TYPED_MAF)
    typed = common[np.linspace(0, len(common) - 1, TYPED_VARIANTS).astype(np.int64)]
    return Demo(reference, everyone.of(slice(PANEL_HAPLOTYPES, None)), typed)


def write(folder: Path) -> None:
    """Write demo.vcf.gz, truth.vcf.gz and panel.vcf.gz, each with its tabix index."""
    demo = simulate()
    folder.mkdir(parents=True, exist_ok=True)
    vcf.write_genotypes(folder / "demo.vcf.gz", demo.truth.at(demo.typed), prefix="DEMO")
    vcf.write_genotypes(folder / "truth.vcf.gz", demo.truth, prefix="DEMO")
    vcf.write_genotypes(folder / "panel.vcf.gz", demo.panel, prefix="PANEL")


def write_chromosomes(folder: Path, *, samples: int = SAMPLES, every: int = 1) -> list[Path]:
    """Write one file to upload per simulated chromosome, such as chr20.vcf.gz, and return them.

    Fewer `samples`, or only `every` so-manieth typed variant, make a smaller dataset.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for chromosome in simulated.REGIONS:
        demo = simulate(chromosome)
        people = demo.truth.of(slice(2 * samples)).at(demo.typed[::every])
        paths.append(folder / f"{chromosome}.vcf.gz")
        vcf.write_genotypes(paths[-1], people, prefix="DEMO")
    return paths


if __name__ == "__main__":
    write(Path(sys.argv[1]))
    write_chromosomes(Path(sys.argv[1]))

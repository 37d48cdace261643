"""The simulated panels' genotypes, made once: the demo panel, and a small one for quick jobs."""

from functools import cache

import numpy as np

from demo import dataset
from demo.cloudgene.application import PanelApp
from demo.cloudgene.quality import Sites
from demo.panel import REGIONS, Panel

SMALL_HAPLOTYPES = 40
SMALL_EVERY = 20  # the small panel has each so-manieth variant, and all that the dataset has


@cache
def _simulated(chromosome: str) -> dataset.Demo:
    return dataset.simulate(chromosome)


@cache
def panel_of(app: PanelApp) -> dict[str, Panel]:
    """Return the panel's haplotypes by chromosome without "chr"."""
    panels = {}
    for chromosome in REGIONS:
        demo = _simulated(chromosome)
        panel = demo.panel
        if "small" in app.id:
            every = np.arange(0, len(panel.positions), SMALL_EVERY)
            panel = panel.of(slice(SMALL_HAPLOTYPES)).at(np.union1d(every, demo.typed))
        panels[chromosome.removeprefix("chr")] = panel
    return panels


@cache
def sites_of(app: PanelApp) -> dict[str, Sites]:
    """Return the panel's alleles by chromosome and position."""
    return {
        chromosome: {
            position: (str(ref), str(alt))
            for position, ref, alt in zip(
                panel.positions.tolist(), panel.ref, panel.alt, strict=True
            )
        }
        for chromosome, panel in panel_of(app).items()
    }

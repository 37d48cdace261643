"""Real genotypes and a real panel for tests, from beside the repository where they exist."""

import pytest

from tests.support.processes import ROOT

SHARED = ROOT.parent / "shared" / "data"
REAL_TARGET = SHARED / "input" / "chr20-phased.hg19.51x7824.vcf.gz"
REAL_PANEL = SHARED / "panel" / "hapmap_r22.chr20.CEU.hg19.msav"

needs_real_data = pytest.mark.skipif(
    not (REAL_TARGET.exists() and REAL_PANEL.exists()),
    reason="no real data in ../shared/data",
)

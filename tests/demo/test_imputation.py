"""The simulation's model against what is known of the simulated people."""

from pathlib import Path

import numpy as np
import pytest

from demo import dataset, imputation, vcf
from demo.dataset import Demo
from demo.imputation import Imputed


@pytest.fixture(scope="module")
def demo() -> Demo:
    return dataset.simulate()


@pytest.fixture(scope="module")
def imputed(demo: Demo, tmp_path_factory: pytest.TempPathFactory) -> Imputed:
    folder = tmp_path_factory.mktemp("demo")
    dataset.write(folder)
    return _impute(demo, folder / "demo.vcf.gz")


def _impute(demo: Demo, target: Path) -> Imputed:
    return imputation.impute(
        demo.panel, vcf.read(target), mismatch_rate=0.01, between_batches=lambda: None
    )


def _untyped_common(demo: Demo) -> np.ndarray:
    """Held-out variants that are common in the panel and vary among the people."""
    frequency = demo.panel.haplotypes.mean(axis=0)
    common = np.minimum(frequency, 1 - frequency) >= 0.05
    common &= demo.truth.haplotypes.std(axis=0) > 0
    common[demo.typed] = False
    return np.flatnonzero(common)


def test_imputed_dosages_agree_with_the_truth_and_beat_the_allele_frequency(
    demo: Demo, imputed: Imputed
) -> None:
    held_out = _untyped_common(demo)
    assert len(held_out) > 500
    truth = demo.truth.haplotypes[:, held_out].astype(float)
    guess = np.broadcast_to(demo.panel.haplotypes[:, held_out].mean(axis=0), truth.shape)
    dosages = imputed.dosages[:, held_out]

    r2 = [np.corrcoef(truth[:, v], dosages[:, v])[0, 1] ** 2 for v in range(len(held_out))]
    assert np.mean(r2) > 0.8
    assert np.mean((truth - dosages) ** 2) < 0.25 * np.mean((truth - guess) ** 2)


def test_the_estimated_quality_tells_well_from_badly_imputed_variants(
    demo: Demo, imputed: Imputed
) -> None:
    held_out = _untyped_common(demo)
    truth, dosages = demo.truth.haplotypes[:, held_out], imputed.dosages[:, held_out]
    real = [np.corrcoef(truth[:, v], dosages[:, v])[0, 1] ** 2 for v in range(len(held_out))]
    assert np.corrcoef(real, imputed.r2[held_out])[0, 1] > 0.5
    assert np.nanmean(imputed.er2) > 0.8


def test_genotypes_that_the_target_has_are_kept_as_they_are(demo: Demo, imputed: Imputed) -> None:
    assert imputed.typed.sum() == dataset.TYPED_VARIANTS
    assert (imputed.dosages[:, demo.typed] == demo.truth.haplotypes[:, demo.typed]).all()

"""What the form of a submission is filled in with."""

import pytest

from app.states.submission_items import values_of_dataset
from tests.support.submitting import RECIPE, panel

BUILDS = {"name": "build", "kind": "choice", "choices": ["hg19", "hg38"], "default": "hg19"}


@pytest.mark.parametrize(
    ("build", "chosen"),
    [("GRCh38", {"build": "hg38"}), ("GRCh37", {"build": "hg19"}), ("", {}), ("NCBI36", {})],
)
def test_the_build_that_the_dataset_is_on_is_chosen_as_the_service_spells_it(build, chosen):
    asks = panel("A", recipe=RECIPE | {"parameters": [BUILDS], "workflow_params": {}})
    assert values_of_dataset([panel("B"), asks], build) == chosen

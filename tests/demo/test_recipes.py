"""The recipes that come with the project are ones that the platform and the services accept."""

import json
from pathlib import Path

from app.domain.recipes import Input, check_parameters, parse_recipe, render
from demo.submission import Parameters, read_request
from tests.support.processes import ROOT

TARGET = Input("target.vcf.gz", path=Path("target.vcf.gz"))


def test_the_demo_recipe_makes_a_request_that_the_demo_service_accepts() -> None:
    recipe = parse_recipe(json.loads((ROOT / "demo" / "recipe.json").read_text()))
    request = render(
        recipe,
        inputs=[TARGET],
        parameters=check_parameters(recipe, {}),
        panel_values={},
        job_ref="job",
    )
    fields = {
        "workflow_url": request.workflow_url,
        "workflow_type": request.workflow_type,
        "workflow_type_version": request.workflow_type_version,
        "workflow_params": json.dumps(request.workflow_params),
    }
    accepted = read_request(fields, [attachment.name for attachment in request.attachments])
    defaults = Parameters("target.vcf.gz")
    assert accepted["workflow_params"] == {
        "target": defaults.target,
        "mismatch_rate": defaults.mismatch_rate,
        "min_r2": defaults.min_r2,
        "seconds_to_wait": defaults.seconds_to_wait,
        "fail_on_purpose": defaults.fail_on_purpose,
    }


def test_the_minimac4_recipe_names_the_target_that_travels_and_the_panel_on_the_host() -> None:
    recipe = parse_recipe(json.loads((ROOT / "workflows" / "impute.recipe.json").read_text()))
    request = render(
        recipe,
        inputs=[TARGET],
        parameters=check_parameters(recipe, {"min_ratio": "0.000001"}),
        panel_values={"path": "/panels/chr20.msav"},
        job_ref="job",
    )
    assert request.workflow_params["target"]["location"] == "target.vcf.gz"
    assert request.workflow_params["panel"]["location"] == "file:///panels/chr20.msav"
    assert request.workflow_params["min_ratio"] == 0.000001
    assert {file.name for file in request.attachments} == {"impute.cwl", "target.vcf.gz"}

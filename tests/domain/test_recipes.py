"""A recipe is refused where it cannot work, and makes the request that it describes."""

from pathlib import Path
from typing import Any

import pytest

from app.domain import recipes
from app.domain.errors import Invalid
from app.domain.recipes import Input, check_parameters, parse_recipe, render

RECIPE: dict[str, Any] = {
    "workflow_url": "impute.cwl",
    "workflow_type": "CWL",
    "workflow_type_version": "v1.2",
    "workflow_params": {
        "target": {"class": "File", "location": "${input}"},
        "all": "${inputs}",
        "panel": "${panel.path}",
        "window": "${parameters.window}",
        "label": "job ${job} of ${panel.path}",
        "engine": "${parameters.engine}",
        "seed": "${parameters.seed}",
    },
    "parameters": [
        {"name": "phase", "label": "Phase first", "kind": "boolean", "default": False},
        {
            "name": "engine",
            "label": "Phasing program",
            "kind": "choice",
            "choices": ["eagle", "beagle"],
            "default": "eagle",
            "when": {"phase": True},
        },
        {"name": "window", "kind": "integer", "default": 500, "minimum": 1, "maximum": 1000},
        {"name": "seed", "kind": "number"},
    ],
    "panel": {"path": "/panels/hapmap.msav"},
    "results": [{"pattern": "*.vcf.gz", "role": "imputed", "required": True}],
}


def changed(**parts: Any) -> dict[str, Any]:
    return RECIPE | parts


def test_defaults_are_filled_in_and_what_does_not_apply_is_dropped() -> None:
    recipe = parse_recipe(RECIPE)
    assert check_parameters(recipe, {"engine": "beagle"}) == {"phase": False, "window": 500}
    assert check_parameters(recipe, {"phase": "on", "engine": "beagle", "window": "7"}) == {
        "phase": True,
        "engine": "beagle",
        "window": 7,
    }


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"windo": 1}, "windo"),
        ({"window": 0}, "window"),
        ({"window": "1001"}, "window"),
        ({"window": "2.5"}, "window"),
        ({"seed": "nan"}, "seed"),
        ({"seed": "inf"}, "seed"),
        ({"phase": "perhaps"}, "phase"),
        ({"phase": True, "engine": "minimac"}, "engine"),
    ],
)
def test_a_value_that_cannot_be_is_refused_and_its_field_named(
    values: dict[str, Any], field: str
) -> None:
    with pytest.raises(Invalid) as refusal:
        check_parameters(parse_recipe(RECIPE), values)
    assert refusal.value.field == field


def test_a_required_value_that_is_missing_is_asked_for_by_its_label() -> None:
    recipe = parse_recipe(
        changed(
            parameters=[{"name": "n", "label": "Samples", "kind": "integer", "required": True}],
            workflow_params={},
        )
    )
    with pytest.raises(Invalid, match="Samples is missing"):
        check_parameters(recipe, {"n": ""})


@pytest.mark.parametrize(
    ("parts", "says"),
    [
        ({"workflow_typ": "CWL"}, "workflow_typ"),
        ({"inputs_travel": "pigeon"}, "inputs_travel"),
        ({"attachments": ["../secret"]}, "no such file"),
        ({"attachments": ["missing.cwl"]}, "no such file"),
        ({"workflow_params": {"x": ["${parameters.nothing}"]}}, "parameters.nothing"),
        ({"parameters": [{"name": "a", "kind": "choice"}]}, "without choices"),
        ({"parameters": [{"name": "a", "kind": "integer", "default": "x"}]}, "bad default"),
        ({"parameters": [{"name": "a", "kind": "string", "when": {"b": 1}}]}, "“b”"),
        ({"parameters": [{"name": "a", "kind": "string"}] * 2}, "twice"),
        ({"parameters": [{"name": "a", "kind": "text"}]}, "parameters → 0 → kind"),
    ],
)
def test_a_recipe_that_cannot_work_is_refused_where_it_is_wrong(
    parts: dict[str, Any], says: str
) -> None:
    with pytest.raises(Invalid, match=says):
        parse_recipe(changed(**parts))


def test_the_request_has_every_placeholder_filled_and_keeps_the_types_of_values(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "impute.cwl").touch()
    monkeypatch.setattr(recipes, "WORKFLOWS_DIR", tmp_path)
    recipe = parse_recipe(changed(attachments=["impute.cwl"]))
    request = render(
        recipe,
        inputs=[Input("a.vcf.gz", tmp_path / "a"), Input("b.vcf.gz", tmp_path / "b")],
        parameters=check_parameters(recipe, {}),
        panel_values=recipe.panel,
        job_ref="j1",
    )
    assert request.workflow_params == {
        "target": {"class": "File", "location": "a.vcf.gz"},
        "all": ["a.vcf.gz", "b.vcf.gz"],
        "panel": "/panels/hapmap.msav",
        "window": 500,
        "label": "job j1 of /panels/hapmap.msav",
    }
    assert [attachment.name for attachment in request.attachments] == [
        "impute.cwl",
        "a.vcf.gz",
        "b.vcf.gz",
    ]
    assert request.job_ref == "j1"


def test_inputs_that_travel_by_url_are_named_by_it_and_not_sent_along() -> None:
    recipe = parse_recipe(changed(inputs_travel="url"))
    request = render(
        recipe,
        inputs=[Input("a.vcf.gz", location="https://example.org/a.vcf.gz")],
        parameters={},
        panel_values=recipe.panel,
        job_ref="j1",
    )
    assert request.workflow_params["target"]["location"] == "https://example.org/a.vcf.gz"
    assert request.attachments == []
    with pytest.raises(Invalid, match="has none"):
        render(recipe, inputs=[Input("a", Path("a"))], parameters={}, panel_values={}, job_ref="j")


def test_two_files_of_one_name_cannot_travel_together() -> None:
    recipe = parse_recipe(RECIPE)
    with pytest.raises(Invalid, match=r"called “a\.vcf”"):
        render(
            recipe,
            inputs=[Input("a.vcf", Path("1")), Input("a.vcf", Path("2"))],
            parameters={},
            panel_values={},
            job_ref="j",
        )


def test_a_run_that_takes_one_file_refuses_a_dataset_of_several() -> None:
    recipe = parse_recipe(changed(workflow_params={"target": "${input}"}))
    with pytest.raises(Invalid, match="one file at a time, and the dataset has 2"):
        render(
            recipe,
            inputs=[Input("a.vcf", Path("1")), Input("b.vcf", Path("2"))],
            parameters={},
            panel_values={},
            job_ref="j",
        )

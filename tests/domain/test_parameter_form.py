"""The form asks once for what several panels share, and only for what applies."""

from typing import Any

from app.domain.parameter_form import form_fields
from app.domain.recipes import parse_recipe

BASE: dict[str, Any] = {
    "workflow_url": "https://example.org/impute.cwl",
    "workflow_type": "CWL",
    "workflow_type_version": "v1.2",
}
PHASING = parse_recipe(
    BASE
    | {
        "parameters": [
            {"name": "phase", "kind": "boolean", "default": False},
            {
                "name": "program",
                "kind": "choice",
                "choices": ["eagle", "beagle"],
                "when": {"phase": True},
            },
        ]
    }
)
PLAIN = parse_recipe(
    BASE
    | {
        "parameters": [
            {"name": "phase", "kind": "boolean", "default": False},
            {"name": "window", "kind": "integer"},
        ]
    }
)


def asked(**values: Any) -> dict[str, list[str]]:
    fields = form_fields([("A", PHASING), ("B", PLAIN)], values)
    return {field.parameter.name: list(field.panels) for field in fields}


def test_a_parameter_of_two_panels_is_asked_once_and_each_other_names_its_panel() -> None:
    assert asked() == {"phase": ["A", "B"], "window": ["B"]}


def test_a_field_appears_when_the_value_that_it_depends_on_is_chosen() -> None:
    assert asked(phase="true")["program"] == ["A"]
    assert "program" not in asked(phase="false")
    assert "program" not in asked(phase="nonsense")

"""Recipes to start from, and what is said of a recipe that somebody typed."""

import pytest

from app.domain.errors import Invalid, NotFound
from app.domain.recipe_templates import TEMPLATES, parse_recipe_text, recipe_template, recipe_text


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda template: template.key)
def test_every_template_is_a_valid_recipe(template):
    recipe = recipe_template(template.key)
    assert parse_recipe_text(recipe_text(recipe)) == recipe


@pytest.mark.parametrize("key", ["", "../.data/secret.key", "/etc/passwd"])
def test_no_other_file_can_be_read_as_a_template(key):
    with pytest.raises(NotFound):
        recipe_template(key)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"workflow_url": ', "line 1, column 18"),
        ("[]", "JSON object"),
        ('{"workflow_url": "x"}', "workflow_type"),
        ("x" * 200_000, "at most"),
        ('{"a":' * 5000, "not JSON|nested"),
    ],
)
def test_a_wrong_recipe_is_refused_with_the_place(text, words):
    with pytest.raises(Invalid, match=words) as refused:
        parse_recipe_text(text)
    assert refused.value.field == "recipe"


def test_no_text_is_no_recipe():
    assert parse_recipe_text("  ") == {}
    assert recipe_text({}) == ""

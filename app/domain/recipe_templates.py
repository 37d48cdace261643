"""Recipes to start from, and reading a recipe that somebody typed."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.domain.errors import Invalid, NotFound
from app.domain.recipes import Recipe, parse_recipe

ROOT = Path(__file__).resolve().parents[2]
MAX_CHARACTERS = 100_000


@dataclass(frozen=True)
class RecipeTemplate:
    """A recipe that comes with the platform. `key` is its file, relative to the project."""

    key: str
    title: str


TEMPLATES = (
    RecipeTemplate("workflows/impute.recipe.json", "minimac4 in CWL, for any WES service"),
    RecipeTemplate("demo/recipe.json", "The demo service's simulation"),
)


def recipe_template(key: str) -> dict[str, Any]:
    """The recipe of a template."""
    if key not in {template.key for template in TEMPLATES}:
        raise NotFound("template")
    recipe: dict[str, Any] = json.loads((ROOT / key).read_text())
    return recipe


def parse_recipe_text(text: str) -> dict[str, Any]:
    """Read a recipe as JSON; `Invalid` says where it is wrong. An empty text is no recipe: {}."""
    if not text.strip():
        return {}
    recipe = parse_json_object(text)
    parse_recipe(recipe)
    return recipe


def parse_json_object(text: str) -> dict[str, Any]:
    """Read a JSON object; `Invalid` names the line and column."""
    if len(text) > MAX_CHARACTERS:
        raise Invalid(f"A recipe has at most {MAX_CHARACTERS:,} characters.", field="recipe")
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        raise Invalid(
            f"This is not JSON: {error.msg} in line {error.lineno}, column {error.colno}.",
            field="recipe",
        ) from None
    except RecursionError:
        raise Invalid("The JSON is nested too deeply.", field="recipe") from None
    if not isinstance(data, Mapping):
        raise Invalid("A recipe is a JSON object: it begins with “{”.", field="recipe")
    return dict(data)


def recipe_text(recipe: Mapping[str, Any]) -> str:
    """A recipe as it is shown in the editor; nothing where there is none.

    What a run is made of comes first, as in the schema: the database keeps no order.
    """
    ordered = {name: recipe[name] for name in Recipe.model_fields if name in recipe} | dict(recipe)
    return json.dumps(ordered, indent=2, ensure_ascii=False) if recipe else ""

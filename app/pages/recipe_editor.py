"""Editing a recipe: its common fields, or all of it as JSON, with what is wrong shown in place.

The JSON text is the recipe; the fields beside it change the text, and follow it.
"""

from typing import Any

import reflex as rx

from app.components.frame import field, notice, section
from app.domain.access import Actor
from app.domain.errors import Invalid, NotFound
from app.domain.recipe_templates import (
    MAX_CHARACTERS,
    TEMPLATES,
    parse_json_object,
    parse_recipe_text,
    recipe_template,
    recipe_text,
)
from app.states.guard import guarded

COMMON = {
    "workflow_url": "Workflow (a URL, or the name of an attachment)",
    "workflow_type": "Workflow type",
    "workflow_type_version": "Version of the type",
    "workflow_engine": "Engine",
    "workflow_engine_version": "Version of the engine",
}
TRAVELS = {
    "attachment": "Sent along with the run",
    "url": "Fetched by the service from a URL",
    "drs": "Fetched by the service by a DRS id",
}


class RecipeState(rx.State):
    """The recipe that is edited. The versions make the browser take what the server changed."""

    text: str = ""
    problem: str = ""
    common: dict[str, str] = {}
    panel_values: list[list[str]] = []
    fields_version: int = 0
    text_version: int = 0

    @guarded("service:write")
    async def start_from(self, actor: Actor, template: str) -> rx.event.EventSpec | None:
        """Begin with a recipe that comes with the platform."""
        try:
            self._begin(recipe_template(str(template)))
        except NotFound:
            return rx.toast.error("There is no such template.")
        return None

    @guarded("service:write")
    async def take_text(self, actor: Actor, text: str) -> None:
        """Keep what was typed as JSON, and say what is wrong with it."""
        self.text = str(text)[: MAX_CHARACTERS + 1]
        self._check()
        self._read_fields()

    @guarded("service:write")
    async def take_field(self, actor: Actor, name: str, value: str) -> None:
        """Write one of the common fields into the JSON."""
        if name in COMMON or (name == "inputs_travel" and value in TRAVELS):
            self._write(lambda recipe: recipe.update({name: str(value).strip()}))

    @guarded("service:write")
    async def take_panel_value(self, actor: Actor, name: str, value: str) -> None:
        """Write one of the panel's own values into the JSON."""
        if name in {entry[0] for entry in self.panel_values}:
            self._write(lambda recipe: recipe["panel"].update({name: str(value).strip()}))

    def _begin(self, recipe: dict[str, Any]) -> None:
        self.text = recipe_text(recipe)
        self.text_version += 1
        self._check()
        self._read_fields()

    def _write(self, change: Any) -> None:
        try:
            recipe = parse_json_object(self.text or "{}")
        except Invalid as error:
            self.problem = error.message
            return
        before = recipe_text(recipe)
        change(recipe)
        if recipe_text(recipe) != before:
            self.text = recipe_text(recipe)
            self.text_version += 1
            self._check()
            # The fields show it already; making them anew would lose what is typed meanwhile.
            self.common, self.panel_values = fields_of(recipe)

    def _check(self) -> None:
        try:
            parse_recipe_text(self.text)
            self.problem = ""
        except Invalid as error:
            self.problem = error.message

    def _read_fields(self) -> None:
        try:
            recipe = parse_json_object(self.text or "{}")
        except Invalid:
            return
        fields = fields_of(recipe)
        if fields != (self.common, self.panel_values):
            self.common, self.panel_values = fields
            self.fields_version += 1


def fields_of(recipe: dict[str, Any]) -> tuple[dict[str, str], list[list[str]]]:
    """The common fields of a recipe, and those of the panel's values that are texts.

    Values of another kind are edited as JSON, where they keep their kind.
    """
    common = {name: str(recipe.get(name) or "") for name in (*COMMON, "inputs_travel")}
    values = recipe.get("panel")
    values = values if isinstance(values, dict) else {}
    return common, [[name, value] for name, value in values.items() if isinstance(value, str)]


def _common(name: str, label: str) -> rx.Component:
    control = rx.input(
        default_value=RecipeState.common[name],
        key=f"{name} " + RecipeState.fields_version.to_string(),
        on_blur=RecipeState.take_field(name),
        width="100%",
    )
    return field(label, control)


def _panel_value(entry: rx.Var) -> rx.Component:
    control = rx.input(
        default_value=entry[1],
        key=entry[0] + " " + RecipeState.fields_version.to_string(),
        on_blur=lambda value: RecipeState.take_panel_value(entry[0], value),
        width="100%",
    )
    return field(entry[0], control)


def _travel() -> rx.Component:
    return field(
        "How the dataset travels",
        rx.select.root(
            rx.select.trigger(aria_label="How the dataset travels", width="100%"),
            rx.select.content(
                *[rx.select.item(label, value=key) for key, label in TRAVELS.items()]
            ),
            value=RecipeState.common["inputs_travel"],
            on_change=RecipeState.take_field("inputs_travel"),
        ),
    )


def _start_from() -> rx.Component:
    items = [rx.select.item(template.title, value=template.key) for template in TEMPLATES]
    return rx.select.root(
        rx.select.trigger(placeholder="Start from…", aria_label="Start from a recipe"),
        rx.select.content(*items),
        value="",
        on_change=RecipeState.start_from,
        size="2",
    )


def recipe_editor() -> rx.Component:
    """The section of a panel's page that holds its recipe."""
    fields = rx.el.div(
        *[_common(name, label) for name, label in COMMON.items()], _travel(), class_name="grid-2"
    )
    values = rx.el.div(
        rx.heading("Values of this panel at the service", as_="h3", size="2"),
        rx.el.div(rx.foreach(RecipeState.panel_values, _panel_value), class_name="grid-2"),
        class_name="stack",
    )
    text = rx.text_area(
        default_value=RecipeState.text,
        key=RecipeState.text_version.to_string(),
        on_blur=RecipeState.take_text,
        rows="22",
        spell_check=False,
        class_name="mono",
        width="100%",
        resize="vertical",
    )
    return section(
        "Recipe: how a run is made",
        rx.el.div(
            fields,
            rx.cond(RecipeState.panel_values, values),
            field(
                "The whole recipe as JSON",
                text,
                hint="Parameters, results and placeholders such as ${input}, ${parameters.NAME} "
                "and ${panel.NAME} are edited here. Empty: the panel cannot be chosen yet.",
            ),
            rx.cond(
                RecipeState.problem,
                notice(RecipeState.problem, color="red", icon="circle-alert", role="alert"),
                rx.cond(
                    RecipeState.text,
                    notice("The recipe is valid.", color="green", icon="circle-check"),
                ),
            ),
            class_name="stack",
        ),
        action=_start_from(),
    )

"""Add a panel to a service, or change one."""

from typing import Any, TypedDict

import reflex as rx

from app.components.controls import tick
from app.components.frame import (
    empty_state,
    field,
    link_button,
    notice,
    page_header,
    section,
    skeleton,
)
from app.domain.access import Actor
from app.domain.errors import Conflict, Invalid, NotFound
from app.domain.panel_changes import PanelFields, upsert_panel
from app.domain.panels import PanelRow, get_panel
from app.domain.recipe_templates import parse_recipe_text
from app.domain.service_fields import parse_fields
from app.domain.services import list_services
from app.pages.recipe_editor import RecipeState, recipe_editor
from app.pages.template import page
from app.states.calls import call
from app.states.guard import guarded
from app.states.route import route_argument
from app.states.service_form import is_on
from models import db

NEW = "new"
BUILDS = ("GRCh37", "GRCh38", "T2T-CHM13", "NCBI36")


class PanelForm(TypedDict):
    """What the form shows of a panel at first."""

    panel_id: str
    name: str
    description: str
    population: str
    build: str
    sample_count: str
    variant_count: str
    identity: str
    is_active: bool


EMPTY = PanelForm(
    panel_id="",
    name="",
    description="",
    population="",
    build="",
    sample_count="",
    variant_count="",
    identity="",
    is_active=True,
)


class AdminPanelState(rx.State):
    """The form and what is wrong with it."""

    form: PanelForm = EMPTY
    services: list[list[str]] = []
    service_ref: str = ""
    service_name: str = ""
    saved_ref: str = ""
    problem: str = ""
    problem_field: str = ""
    is_loaded: bool = False
    is_missing: bool = False

    @guarded("service:write")
    async def load(self, actor: Actor) -> None:
        """Read the panel in the URL, or begin a new one."""
        recipe = await self.get_state(RecipeState)
        panel_ref = route_argument(self, "panel_ref")
        self.problem, self.problem_field = "", ""
        self.is_loaded, self.is_missing = True, False
        if panel_ref == NEW:
            rows = await call(db.REGISTRY, list_services, actor=actor)
            self.services = [[row.name, row.ref] for row in rows]
            wanted = str(self.router.url.query_parameters.get("service", ""))
            refs = [row.ref for row in rows]
            self.service_ref = wanted if wanted in refs else next(iter(refs), "")
            self.form, self.saved_ref = EMPTY, ""
            recipe._begin({})
            return
        try:
            detail = await call(db.REGISTRY, get_panel, actor=actor, panel_ref=panel_ref)
        except NotFound:
            self.is_missing = True
            return
        self.form, self.saved_ref = _form_of(detail.row), detail.row.ref
        self.service_ref, self.service_name = detail.row.service_ref, detail.row.service_name
        recipe._begin(dict(detail.recipe))

    @guarded("service:write")
    async def choose_service(self, actor: Actor, service_ref: str) -> None:
        """Say which service offers the new panel."""
        self.service_ref = str(service_ref)[:40]

    @guarded("service:write")
    async def save(self, actor: Actor, form: dict[str, Any]) -> rx.event.EventSpec | None:
        """Add or change the panel; what is wrong shows beside its field."""
        recipe = await self.get_state(RecipeState)
        self.problem, self.problem_field = "", ""
        try:
            fields = _fields_of(form if isinstance(form, dict) else {}, recipe.text)
            row = await call(
                db.REGISTRY,
                upsert_panel,
                actor=actor,
                service_ref=self.service_ref,
                fields=fields,
                only_new=not self.saved_ref,
            )
        except (Invalid, Conflict) as error:
            self.problem = error.message
            self.problem_field = getattr(error, "field", "panel_id")
            return None
        if self.saved_ref:
            return rx.toast.success(f"{row.name} is saved.")
        return rx.redirect(f"/admin/panels/{row.ref}")


def _form_of(row: PanelRow) -> PanelForm:
    return PanelForm(
        panel_id=row.panel_id,
        name=row.name,
        description=row.description,
        population=row.population,
        build=row.build,
        sample_count="" if row.sample_count is None else str(row.sample_count),
        variant_count="" if row.variant_count is None else str(row.variant_count),
        identity=row.identity,
        is_active=row.is_active,
    )


def _fields_of(form: dict[str, Any], recipe: str) -> PanelFields:
    texts = {name: str(form.get(name) or "").strip() for name in PanelForm.__annotations__}
    counts = {name: texts[name] or None for name in ("sample_count", "variant_count")}
    values = texts | counts | {"is_active": is_on(form, "is_active")}
    return parse_fields(PanelFields, values | {"recipe": parse_recipe_text(recipe)})


def _line(
    name: str, label: str, *, hint: str = "", required: bool = False, **props: Any
) -> rx.Component:
    problem = rx.cond(AdminPanelState.problem_field == name, AdminPanelState.problem, "")
    control = rx.input(
        name=name,
        default_value=AdminPanelState.form[name],
        required=required,
        width="100%",
        **props,
    )
    return field(label, control, hint=hint, problem=problem, required=required)


def _service() -> rx.Component:
    choose = rx.select.root(
        rx.select.trigger(aria_label="Service", width="100%"),
        rx.select.content(
            rx.foreach(
                AdminPanelState.services, lambda entry: rx.select.item(entry[0], value=entry[1])
            )
        ),
        value=AdminPanelState.service_ref,
        on_change=AdminPanelState.choose_service,
    )
    fixed = rx.input(value=AdminPanelState.service_name, read_only=True, width="100%")
    return field("Service", rx.cond(AdminPanelState.saved_ref, fixed, choose))


def _what_it_is() -> rx.Component:
    number = {"type": "number", "min": "0", "step": "1"}
    builds = rx.el.datalist(*[rx.el.option(value=build) for build in BUILDS], id="builds")
    return section(
        "What it is",
        rx.el.div(
            rx.el.div(
                _service(),
                _line(
                    "panel_id",
                    "Id at the service",
                    required=True,
                    hint="Its name in the service's own words; it stays as it is once saved.",
                    read_only=AdminPanelState.saved_ref != "",
                ),
                _line("name", "Name", required=True),
                _line("population", "Population", placeholder="African"),
                _line("build", "Genome build", list="builds", placeholder="GRCh38"),
                _line("description", "Description"),
                _line("sample_count", "Samples", **number),
                _line("variant_count", "Variants", **number),
                _line(
                    "identity",
                    "The same panel elsewhere",
                    placeholder="hrc-r1.1",
                    hint="Give panels that hold the same reference data one name here, whatever "
                    "each service calls them. If one service is in trouble, the others are "
                    "offered. Empty: those with the same id and build are.",
                ),
                class_name="grid-2",
            ),
            builds,
            tick(
                "is_active",
                "In use: people can choose it",
                checked=AdminPanelState.form["is_active"].to(bool),
            ),
            class_name="stack",
        ),
    )


def _form() -> rx.Component:
    return rx.form(
        rx.el.div(
            _what_it_is(),
            recipe_editor(),
            rx.cond(
                AdminPanelState.problem,
                notice(AdminPanelState.problem, color="red", icon="circle-alert", role="alert"),
            ),
            rx.el.div(rx.button("Save the panel", type="submit", size="3"), class_name="row"),
            class_name="stack",
        ),
        on_submit=AdminPanelState.save,
        key=AdminPanelState.saved_ref,
        width="100%",
    )


@page("/admin/panels/[panel_ref]", title="Panel", on_load=AdminPanelState.load)
def admin_panel() -> rx.Component:
    """Describe a panel and say how a run of it is made."""
    missing = empty_state(
        "search-x",
        "There is no such panel",
        "It may have had another address.",
        rx.link("See all panels", href="/admin/panels"),
        level=1,
    )
    no_service = empty_state(
        "server-cog",
        "Add a service first",
        "A panel belongs to the service that offers it.",
        link_button("Add a service", "/admin/services/new"),
    )
    content = rx.fragment(
        page_header(
            rx.cond(AdminPanelState.saved_ref, AdminPanelState.form["name"], "Add a panel")
        ),
        rx.cond(AdminPanelState.service_ref, _form(), no_service),
    )
    return rx.cond(
        AdminPanelState.is_loaded,
        rx.cond(AdminPanelState.is_missing, missing, content),
        skeleton(),
    )

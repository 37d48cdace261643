"""The test of the way to a service: each stage with its time and its cure, as it ends."""

from typing import Any, TypedDict

import reflex as rx

from app.components.conformance import features_table
from app.components.fact_list import fact_list
from app.components.frame import field, section
from app.components.status import badge
from app.components.table import column, table
from app.connectors import CONNECTORS
from app.connectors.stages import Examination, Stage, examine
from app.domain.access import SERVICE_MANAGE, Actor
from app.domain.conformance_report import deviations
from app.domain.conformance_schedule import keep_test
from app.domain.errors import Invalid, Refused
from app.domain.known_services import retired_at
from app.domain.service_info import facts_as_json
from app.domain.token_sending import endpoint_to_test
from app.states.calls import call
from app.states.conformance_item import FeatureItem, feature_item
from app.states.guard import guarded
from app.states.service_facts import FactItem, ParameterItem, facts_of, parameters_of
from app.states.service_item import PROTOCOLS, milliseconds
from models import db

CHOICES = PROTOCOLS | {"cloudgene": "Cloudgene (Michigan, TOPMed and their kin)"}
HINTS = {
    "wes": "For a WES service: what stands before /service-info.",
    "cloudgene": "For a Cloudgene server: its root, such as https://imputationserver.sph.umich.edu.",
}
OUTCOMES = {
    "ok": ("Passed", "green", "circle-check"),
    "failed": ("Failed", "red", "circle-x"),
    "skipped": ("Skipped", "gray", "circle-minus"),
    "not_reached": ("Not reached", "gray", "circle-dashed"),
}


class StageItem(TypedDict):
    """One stage in the list."""

    name: str
    outcome: str
    found: str
    cure: str
    time: str


class ConnectionTestState(rx.State):
    """The address, how far its test came, and what the service said."""

    base_url: str = ""
    api_type: str = "wes"
    # The browser takes an address that the server sets only with another key.
    begun: int = 0
    stages: list[StageItem] = []
    facts: list[FactItem] = []
    parameters: list[ParameterItem] = []
    deviations: list[FeatureItem] = []
    suggested_name: str = ""
    problem: str = ""
    is_running: bool = False
    _service_ref: str = ""
    _service_info: dict[str, Any] = {}

    @guarded(SERVICE_MANAGE)
    async def take_address(self, actor: Actor, base_url: str) -> None:
        """Keep what was typed; an earlier test of another address says nothing about it."""
        typed = str(base_url)[:500].strip()
        if typed != self.base_url:
            self._begin(typed, self._service_ref, self.api_type)
            if retired := retired_at(typed):
                self.problem = f"{retired.name}: {retired.reason}"

    @guarded(SERVICE_MANAGE)
    async def take_type(self, actor: Actor, api_type: str) -> None:
        """Keep which protocol is spoken there; an earlier test of another one says nothing."""
        chosen = str(api_type)
        if chosen in CHOICES and chosen != self.api_type:
            self._begin(self.base_url, self._service_ref, chosen)

    @guarded(SERVICE_MANAGE, background=True)
    async def run(self, actor: Actor) -> None:
        """Test the address with the service's stored token, if there is one."""
        async with self:
            if self.is_running:
                return
            self._begin(self.base_url, self._service_ref, self.api_type)
            address, service_ref = self.base_url, self._service_ref
            connector = CONNECTORS.get(self.api_type)
            if connector is None:
                self.problem = f"This platform cannot speak “{self.api_type}”."
                return
            self.is_running = True
        try:
            endpoint = await call(
                db.USERS, endpoint_to_test, actor=actor, base_url=address, service_ref=service_ref
            )
            found = await examine(endpoint, connector, report=self._report)
        except (Invalid, Refused) as error:
            async with self:
                self.problem = error.message
            return
        finally:
            async with self:
                self.is_running = False
        async with self:
            self._show(found)
        if service_ref:
            await call(
                db.REGISTRY,
                keep_test,
                actor=actor,
                service_ref=service_ref,
                base_url=endpoint.base_url,
                observations=found.observations,
            )

    async def _report(self, stage: Stage) -> None:
        async with self:
            self.stages = [*self.stages, _item(stage)]

    def _show(self, found: Examination) -> None:
        self.deviations = [feature_item(row) for row in deviations(found.observations)]
        if found.facts is not None:
            self._service_info = facts_as_json(found.facts)
            self.facts = facts_of(self._service_info)
            self.parameters = parameters_of(self._service_info)
            self.suggested_name = found.facts.name[:120]

    def _start(self, base_url: str, service_ref: str, api_type: str) -> None:
        """Begin with another service than before."""
        self._begin(base_url, service_ref, api_type)
        self.begun += 1

    def _begin(self, base_url: str, service_ref: str, api_type: str) -> None:
        self.base_url, self._service_ref, self.api_type = base_url, service_ref, api_type
        self.stages, self.facts, self.parameters, self.deviations = [], [], [], []
        self.problem, self.suggested_name, self._service_info = "", "", {}


def _item(stage: Stage) -> StageItem:
    return StageItem(
        name=stage.name,
        outcome=stage.outcome,
        found=stage.found,
        cure=stage.cure,
        time="" if stage.ms is None else milliseconds(stage.ms),
    )


def _stage(stage: StageItem) -> rx.Component:
    outcomes = [(outcome, badge(*look)) for outcome, look in OUTCOMES.items()]
    return rx.table.row(
        rx.table.row_header_cell(stage.name),
        rx.table.cell(rx.match(stage.outcome, *outcomes, badge(stage.outcome, "gray", "circle"))),
        rx.table.cell(stage.time, align="right"),
        rx.table.cell(
            stage.found,
            rx.cond(stage.cure, rx.text(stage.cure, size="1", weight="medium")),
        ),
    )


def _stages() -> rx.Component:
    return table(
        "Stages of the test",
        ("Stage", "Result", column("Time", align="right"), "What was found"),
        rx.foreach(ConnectionTestState.stages, _stage),
        in_card=True,
    )


def _parameter(parameter: ParameterItem) -> rx.Component:
    return rx.table.row(
        rx.table.row_header_cell(rx.code(parameter.name, color_scheme="gray", high_contrast=True)),
        rx.table.cell(parameter.kind),
        rx.table.cell(parameter.default),
    )


def _parameters() -> rx.Component:
    return table(
        "Engine parameters",
        ("Engine parameter", "Type", "Default"),
        rx.foreach(ConnectionTestState.parameters, _parameter),
        in_card=True,
    )


def _deviations() -> rx.Component:
    return rx.el.div(
        rx.heading("Where it deviates from the standard", as_="h3", size="2"),
        features_table("Deviations", ConnectionTestState.deviations),
        class_name="stack",
    )


def connection_test() -> rx.Component:
    """The section with the address, the stages and what the service says of itself."""
    address = field(
        "Address of the service's API",
        rx.input(
            default_value=ConnectionTestState.base_url,
            key=ConnectionTestState.router.url.path + ConnectionTestState.begun.to_string(),
            on_blur=ConnectionTestState.take_address,
            placeholder="https://wes.example.org/ga4gh/wes/v1",
            type="url",
            auto_complete="off",
            width="100%",
        ),
        hint=rx.match(ConnectionTestState.api_type, *HINTS.items(), ""),
        problem=ConnectionTestState.problem,
        required=True,
    )
    protocol = field(
        "What it speaks",
        rx.select.root(
            rx.select.trigger(aria_label="What it speaks", width="100%"),
            rx.select.content(
                *[rx.select.item(label, value=key) for key, label in CHOICES.items()]
            ),
            value=ConnectionTestState.api_type,
            on_change=ConnectionTestState.take_type,
        ),
    )
    run = rx.button(
        rx.icon("plug-zap", size=15, aria_hidden="true"),
        "Test the connection",
        on_click=ConnectionTestState.run,
        loading=ConnectionTestState.is_running,
    )
    said = rx.el.div(
        rx.heading("What the service says of itself", as_="h3", size="2"),
        fact_list(ConnectionTestState.facts),
        rx.cond(ConnectionTestState.parameters, _parameters()),
        rx.cond(ConnectionTestState.deviations, _deviations()),
        class_name="stack",
    )
    return section(
        "Connection",
        rx.el.div(
            protocol,
            address,
            rx.el.div(run, class_name="row"),
            rx.el.div(rx.cond(ConnectionTestState.stages, _stages()), aria_live="polite"),
            rx.cond(ConnectionTestState.facts, said),
            class_name="stack",
        ),
    )

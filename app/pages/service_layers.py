"""On a service's page: each layer of its health as it is, and how it was."""

from datetime import timedelta

import reflex as rx

from app.components.frame import section
from app.components.layer_verdict import layer_verdict
from app.components.moment import exact_moment, moment
from app.components.table import WIDE, column, table
from app.domain.access import Actor
from app.domain.canaries import canaries_of
from app.domain.errors import NotFound
from app.domain.service_layers import layer_history, layers_of
from app.states.calls import call
from app.states.guard import guarded
from app.states.layer_item import (
    CanaryItem,
    LayerItem,
    StretchItem,
    StripItem,
    canary_item,
    layer_item,
    stretch_item,
    strip_items,
)
from app.states.route import route_argument
from models import db
from models.base import now

DAYS = 30
ROWS = 50


class ServiceLayersState(rx.State):
    """The layers of the service in the URL."""

    layers: list[LayerItem] = []
    strips: list[StripItem] = []
    stretches: list[StretchItem] = []
    canaries: list[CanaryItem] = []
    csv: str = ""

    @guarded("service:read")
    async def load(self, actor: Actor) -> None:
        """Read the layers, their last days, and the canaries."""
        wanted = {"actor": actor, "service_ref": route_argument(self, "service_ref")}
        until = now()
        since = until - timedelta(days=DAYS)
        try:
            rows = await call(db.REGISTRY, layers_of, **wanted)
        except NotFound:
            return
        history = await call(db.REGISTRY, layer_history, since=since, **wanted)
        canaries = await call(db.REGISTRY, canaries_of, **wanted)
        self.layers = [layer_item(row) for row in rows]
        self.strips = strip_items(history, since=since, until=until)
        self.stretches = [stretch_item(row) for row in history[:ROWS]]
        self.canaries = [canary_item(row) for row in canaries]
        self.csv = f"/api/services/{wanted['service_ref']}/layers.csv"


def _layer(item: LayerItem) -> rx.Component:
    return rx.table.row(
        rx.table.row_header_cell(item.title),
        rx.table.cell(layer_verdict(item.verdict)),
        rx.table.cell(
            rx.text(item.detail, size="2", class_name="layer-detail"),
            rx.cond(item.left, rx.text(item.left, size="2", weight="medium")),
        ),
        rx.table.cell(moment(item.since, never="–"), white_space="nowrap", display=WIDE),
        rx.table.cell(
            moment(item.next_look, never=item.otherwise), white_space="nowrap", display=WIDE
        ),
    )


def _strip(item: StripItem) -> rx.Component:
    return rx.fragment(
        rx.el.span(item.title, class_name="layer-name"),
        rx.el.span(
            rx.foreach(
                item.segments,
                lambda part: rx.el.span(
                    class_name="layer-part layer-" + part.verdict,
                    title=part.title,
                    style={"width": part.width},
                ),
            ),
            role="img",
            aria_label=item.summary,
            class_name="layer-strip",
        ),
    )


def _stretch(item: StretchItem) -> rx.Component:
    return rx.table.row(
        rx.table.row_header_cell(exact_moment(item.since), white_space="nowrap"),
        rx.table.cell(
            rx.cond(item.until, exact_moment(item.until), "still so"),
            white_space="nowrap",
            display=WIDE,
        ),
        rx.table.cell(item.title),
        rx.table.cell(layer_verdict(item.verdict)),
        rx.table.cell(rx.text(item.detail, size="2", class_name="layer-detail")),
    )


def _canary(item: CanaryItem) -> rx.Component:
    return rx.table.row(
        rx.table.row_header_cell(exact_moment(item.started_at), white_space="nowrap"),
        rx.table.cell(layer_verdict(item.verdict)),
        rx.table.cell(item.wait, align="right"),
        rx.table.cell(item.seconds, align="right"),
        rx.table.cell(rx.text(item.detail, size="2", class_name="layer-detail")),
    )


def _now() -> rx.Component:
    columns = (
        "Layer",
        "State",
        "What was found",
        column("Since", is_wide=True),
        column("Next look", is_wide=True),
    )
    return table("Layers now", columns, rx.foreach(ServiceLayersState.layers, _layer), in_card=True)


def _history() -> rx.Component:
    columns = ("From", column("To", is_wide=True), "Layer", "State", "What was found")
    state = ServiceLayersState
    return rx.el.div(
        rx.heading(f"The last {DAYS} days", as_="h3", size="2"),
        rx.el.div(rx.foreach(state.strips, _strip), class_name="layer-strips"),
        rx.el.div(
            table("Layers before", columns, rx.foreach(state.stretches, _stretch), in_card=True),
            class_name="history-table",
        ),
        rx.link(
            rx.icon("download", size=14, aria_hidden="true"),
            "All changes of the layers as CSV",
            href=state.csv,
            # The browser's own navigation: the page's router knows no such page.
            reload_document=True,
            size="2",
            class_name="action-link",
        ),
        class_name="stack",
    )


def _canaries() -> rx.Component:
    columns = (
        "Begun",
        "State",
        column("Waited", align="right"),
        column("Took", align="right"),
        "What came of it",
    )
    rows = rx.foreach(ServiceLayersState.canaries, _canary)
    return rx.el.div(
        rx.heading("Canary runs", as_="h3", size="2"),
        rx.text("A small run on toy data, once a day.", size="2", class_name="muted"),
        table("Canary runs", columns, rows, in_card=True),
        class_name="stack",
    )


def layers_section() -> rx.Component:
    """The section of a service's page that shows each layer, now and before."""
    state = ServiceLayersState
    content = rx.el.div(
        rx.text(
            "Each layer rests on those above it.",
            size="2",
            class_name="muted",
        ),
        _now(),
        rx.cond(state.stretches, _history()),
        rx.cond(state.canaries, _canaries()),
        class_name="stack",
    )
    return section("Layers", content)

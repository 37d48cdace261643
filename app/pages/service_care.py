"""On a service's page: its open incident, and for how long people are told nothing of it."""

from typing import Any

import reflex as rx

from app.components.controls import quiet_button
from app.components.frame import field, notice, section
from app.components.moment import moment
from app.components.status import badge, health_status
from app.domain import incident_notes, silence
from app.domain.access import Actor
from app.domain.errors import NotFound
from app.domain.service_care import care_of
from app.pages.service_maintenance import WindowItem, maintenance, window_item
from app.states.calls import call
from app.states.guard import guarded
from app.states.incident_item import IncidentItem, incident_item
from app.states.route import route_argument
from app.states.service_item import iso
from app.states.session import SessionState
from models import db

SILENCES = (("1", "1 hour"), ("8", "8 hours"), ("24", "1 day"), ("168", "1 week"))


class ServiceCareState(rx.State):
    """The care for the service in the URL."""

    incident: IncidentItem | None = None
    is_flapping: bool = False
    silenced_until: str = ""
    silence_reason: str = ""
    windows: list[WindowItem] = []

    @guarded("service:read")
    async def load(self, actor: Actor) -> None:
        """Read the open incident, the silence and the maintenance windows."""
        service_ref = route_argument(self, "service_ref")
        try:
            care = await call(db.REGISTRY, care_of, actor=actor, service_ref=service_ref)
        except NotFound:
            return
        self.incident = incident_item(care.incident) if care.incident else None
        self.is_flapping = care.is_flapping
        self.silenced_until = iso(care.silenced_until)
        self.silence_reason = care.silence_reason
        self.windows = [window_item(row) for row in care.windows]

    @guarded("service:write")
    async def acknowledge(self, actor: Actor, form: dict[str, Any]) -> rx.event.EventSpec:
        """Say that one looks after the open incident, or change its note."""
        form = form if isinstance(form, dict) else {}
        done = incident_notes.write_note if form.get("is_known") else incident_notes.acknowledge
        await call(
            db.REGISTRY,
            done,
            actor=actor,
            incident_ref=str(form.get("incident_ref", "")),
            note=str(form.get("note", "")),
        )
        return ServiceCareState.load

    @guarded("service:write")
    async def silence(self, actor: Actor, form: dict[str, Any]) -> rx.event.EventSpec:
        """Tell nobody of this service for a while."""
        form = form if isinstance(form, dict) else {}
        hours = str(form.get("hours", ""))
        await call(
            db.REGISTRY,
            silence.silence,
            actor=actor,
            service_ref=route_argument(self, "service_ref"),
            hours=float(hours) if hours.isdecimal() else 0.0,
            reason=str(form.get("reason", "")),
        )
        return ServiceCareState.load

    @guarded("service:write")
    async def unsilence(self, actor: Actor) -> rx.event.EventSpec:
        """Tell people of this service again."""
        service_ref = route_argument(self, "service_ref")
        await call(db.REGISTRY, silence.unsilence, actor=actor, service_ref=service_ref)
        return ServiceCareState.load


def may_write() -> rx.Var[bool]:
    """Whether the viewer looks after services."""
    return SessionState.permissions.contains("service:write")


def acknowledge_form(incident: rx.Var, *, on_submit: Any, in_dialog: bool = False) -> rx.Component:
    """Acknowledge an incident with a note, or change the note; closes the dialog it is in."""
    submit = rx.button(
        rx.cond(incident["is_acknowledged"] | ~incident["is_open"], "Save the note", "Acknowledge"),
        type="submit",
        size="1",
        high_contrast=True,
    )
    known = rx.cond(incident["is_acknowledged"] | ~incident["is_open"], "1", "")
    return rx.form(
        rx.el.input(type="hidden", name="incident_ref", value=incident["ref"], read_only=True),
        rx.el.input(type="hidden", name="is_known", value=known, read_only=True),
        field(
            "Note for everybody who wonders",
            rx.text_area(
                name="note", default_value=incident["note"], max_length=2000, rows="2", width="100%"
            ),
        ),
        rx.el.div(submit, class_name="row"),
        on_submit=on_submit,
        class_name="stack",
    )


def acknowledged(incident: rx.Var) -> rx.Component:
    """Who looks after an incident, and what they say of it."""
    return rx.fragment(
        rx.cond(
            incident["is_acknowledged"],
            rx.text(
                "Acknowledged by ",
                incident["acknowledged_by"],
                " ",
                moment(incident["acknowledged_at"]),
                size="1",
                class_name="muted",
            ),
        ),
        rx.cond(incident["note"], rx.text(incident["note"], size="1", class_name="row-problem")),
    )


def _incident(incident: rx.Var) -> rx.Component:
    return rx.el.div(
        rx.el.div(
            health_status(incident["state"]),
            rx.text("since ", moment(incident["started_at"]), size="2"),
            rx.cond(incident["layer"], rx.text(incident["layer"], size="2", class_name="muted")),
            class_name="row",
        ),
        rx.cond(incident["cause"], rx.text(incident["cause"], size="2", class_name="row-problem")),
        acknowledged(incident),
        rx.cond(may_write(), acknowledge_form(incident, on_submit=ServiceCareState.acknowledge)),
        class_name="stack",
    )


def _silence_form() -> rx.Component:
    length = rx.select.root(
        rx.select.trigger(aria_label="How long"),
        rx.select.content(*[rx.select.item(word, value=key) for key, word in SILENCES]),
        name="hours",
        default_value="8",
        size="1",
    )
    return rx.form(
        rx.el.div(
            rx.input(
                name="reason",
                placeholder="Why",
                aria_label="Why it is silenced",
                required=True,
                max_length=500,
                size="1",
            ),
            length,
            quiet_button("Silence", type="submit"),
            class_name="row",
        ),
        on_submit=ServiceCareState.silence,
        reset_on_submit=True,
    )


def _silence() -> rx.Component:
    silenced = rx.el.div(
        notice(
            rx.fragment(
                "Nobody is told of this service; that ends ",
                moment(ServiceCareState.silenced_until),
                ". ",
                ServiceCareState.silence_reason,
            ),
            color="amber",
            icon="bell-off",
        ),
        rx.cond(may_write(), quiet_button("End the silence", on_click=ServiceCareState.unsilence)),
        class_name="stack",
    )
    return rx.cond(ServiceCareState.silenced_until, silenced, rx.cond(may_write(), _silence_form()))


def care_section() -> rx.Component:
    """The sections of a service's page that its administrators work with."""
    incident = ServiceCareState.incident
    calm = rx.text("No incident is open.", size="2", class_name="muted")
    all_of_it = rx.link("All incidents", href="/incidents", size="2", class_name="action-link")
    return rx.fragment(
        section(
            "Incident and alerts",
            rx.el.div(
                rx.cond(
                    ServiceCareState.is_flapping,
                    badge("Unstable: quiet until it lasts", "amber", "activity"),
                ),
                rx.cond(incident, _incident(incident), calm),
                _silence(),
                class_name="stack",
            ),
            action=all_of_it,
        ),
        maintenance(ServiceCareState.windows, on_change=ServiceCareState.load),
    )

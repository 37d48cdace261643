"""The second step of a submission: which panels, and so which services."""

import reflex as rx

from app.components.frame import empty_state, notice
from app.components.status import badge, health_status
from app.pages.submit_changes import changed_notices
from app.pages.submit_step import step_buttons, step_head
from app.states.panel_fit import PanelFitState
from app.states.submission_items import PanelItem
from app.states.submitting import SubmitState


def _facts(item: PanelItem) -> rx.Component:
    return rx.el.span(
        item.service,
        rx.cond(item.place, " · " + item.place, ""),
        rx.cond(item.samples, " · " + item.samples, ""),
        class_name="choice-facts",
    )


def _choice(item: PanelItem) -> rx.Component:
    differs = (
        (item.build != "")
        & (SubmitState.dataset_build != "")
        & (item.build != SubmitState.dataset_build)
    )
    return rx.el.label(
        rx.el.input(
            type="checkbox",
            name="panel",
            value=item.ref,
            default_checked=SubmitState.chosen.contains(item.ref),
            on_change=SubmitState.toggle_panel(item.ref),
            disabled=~item.can_choose,
        ),
        rx.el.span(
            rx.el.span(item.name, class_name="choice-name"),
            _facts(item),
            rx.cond(
                item.description, rx.el.span(item.description, class_name="choice-description")
            ),
            rx.cond(item.expected, rx.el.span(item.expected, class_name="choice-facts")),
            rx.cond(item.note, rx.el.span(item.note, class_name="choice-reason")),
            rx.cond(
                PanelFitState.misfits.contains(item.ref),
                rx.el.span(PanelFitState.misfits[item.ref], class_name="choice-reason"),
            ),
            rx.foreach(item.limits, lambda text: rx.el.span(text, class_name="choice-limit")),
            rx.cond(
                differs,
                rx.el.span(
                    "The dataset is on " + SubmitState.dataset_build + ", the panel on ",
                    item.build,
                    ". Positions would not match.",
                    class_name="choice-reason",
                ),
            ),
            class_name="choice-text",
        ),
        rx.el.span(
            rx.cond(item.build, badge(item.build, "gray", "dna")),
            health_status(item.health),
            rx.cond(item.is_simulation, badge("Simulation", "purple", "flask-conical")),
            class_name="row choice-badges",
        ),
        class_name=rx.cond(item.can_choose, "choice", "choice choice-off"),
        key=item.ref,
    )


def panels_step() -> rx.Component:
    """Choose one or more panels."""
    several = notice(
        "Each panel is a job of its own, and the dataset goes to the service of each.",
        icon="split",
    )
    return rx.el.section(
        step_head(
            "Which panels?",
            rx.fragment("For “", SubmitState.dataset_name, "” (", SubmitState.dataset_facts, ")."),
        ),
        changed_notices(),
        rx.cond(
            SubmitState.panels,
            rx.el.fieldset(
                rx.el.legend("Panels", class_name="visually-hidden"),
                rx.foreach(SubmitState.panels, _choice),
                class_name="choices",
            ),
            rx.cond(
                SubmitState.has_read_panels,
                empty_state(
                    "layers",
                    "No panels yet",
                    "An administrator describes which panels the services offer.",
                    rx.link("See the services", href="/services"),
                ),
            ),
        ),
        rx.cond(SubmitState.chosen.length() > 1, several),
        step_buttons(back_step=0, next_step=2, can_go_on=SubmitState.chosen.length() > 0),
        class_name="stack",
    )

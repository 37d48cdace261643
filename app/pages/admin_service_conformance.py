"""How far a service keeps to the standard, and trying it with real runs."""

import reflex as rx

from app.components.confirm import confirm
from app.components.conformance import features_table
from app.components.frame import notice, section
from app.components.moment import exact_moment, moment
from app.domain import conformance_schedule
from app.domain.access import SERVICE_MANAGE, Actor
from app.domain.conformance_report import Report, report
from app.domain.errors import NotFound
from app.states.calls import call
from app.states.conformance_item import FeatureItem, StepItem, feature_item, step_items
from app.states.guard import guarded
from app.states.route import route_argument
from app.states.service_item import iso
from models import db

TRIAL_TEXT = (
    "The platform starts two tiny runs at this service: one that repeats a small file and ends, "
    "and one of 45 seconds that it cancels. They use the lab's token and a little of the service's "
    "time, and show whether tags, attached files, results and cancels work. It takes up to seven "
    "minutes and leaves nothing running."
)


class ServiceConformanceState(rx.State):
    """What is known of the service in the URL, and its latest trial."""

    features: list[FeatureItem] = []
    events: list[StepItem] = []
    steps: list[StepItem] = []
    software: str = ""
    read_at: str = ""
    next_at: str = ""
    problem: str = ""
    summary: str = ""
    trial_by: str = ""
    trial_at: str = ""
    is_trying: bool = False
    is_there: bool = False
    has_outdated: bool = False

    @guarded(SERVICE_MANAGE)
    async def load(self, actor: Actor) -> None:
        """Read what is known of the service."""
        service_ref = route_argument(self, "service_ref")
        try:
            found = await call(db.REGISTRY, report, actor=actor, service_ref=service_ref)
        except NotFound:
            self.is_there = False
            return
        self.is_there = found.has_standard
        self._show(found)

    def _show(self, found: Report) -> None:
        self.features = [feature_item(row) for row in found.features]
        self.events = [StepItem(at=iso(event.at), text=event.text) for event in found.events]
        self.software, self.problem = found.software, found.problem
        self.read_at, self.next_at = iso(found.read_at), iso(found.next_at)
        verdicts = [item["verdict"] for item in self.features]
        self.has_outdated = "outdated" in verdicts
        self.summary = (
            f"{verdicts.count('deviates')} of {len(verdicts)} features deviate, "
            f"{verdicts.count('untold')} cannot be told yet."
            if verdicts
            else ""
        )
        trial = found.trial
        self.steps = step_items(trial)
        self.trial_by = trial.requested_by if trial else ""
        self.trial_at = iso(trial.requested_at) if trial else ""
        self.is_trying = trial is not None and trial.ended_at is None

    @guarded(SERVICE_MANAGE)
    async def read_again(self, actor: Actor) -> rx.event.EventSpec:
        """Ask the worker to read the service now."""
        await call(
            db.REGISTRY,
            conformance_schedule.ask_reading,
            actor=actor,
            service_ref=route_argument(self, "service_ref"),
        )
        return rx.toast.info("The service is asked; the table changes when it has answered.")

    @guarded(SERVICE_MANAGE)
    async def try_out(self, actor: Actor) -> rx.event.EventSpec:
        """Ask the worker to try the service with real runs."""
        await call(
            db.REGISTRY,
            conformance_schedule.ask_trial,
            actor=actor,
            service_ref=route_argument(self, "service_ref"),
        )
        return ServiceConformanceState.load


def _step(step: StepItem) -> rx.Component:
    return rx.el.li(
        rx.text(exact_moment(step.at), size="1", class_name="muted"),
        rx.text(step.text, size="2"),
    )


def _trial() -> rx.Component:
    state = ServiceConformanceState
    who = rx.text(
        rx.cond(state.is_trying, "Under way, wished for by ", "The last one, wished for by "),
        state.trial_by,
        " ",
        moment(state.trial_at),
        size="2",
        class_name="muted",
    )
    waiting = rx.text("It begins when a worker is free.", size="2", class_name="muted")
    return rx.el.div(
        rx.heading("Trial with real runs", as_="h3", size="2"),
        who,
        rx.el.ol(rx.foreach(state.steps, _step), class_name="trial", aria_live="polite"),
        rx.cond(state.is_trying & ~state.steps, waiting),
        class_name="stack",
    )


def _history() -> rx.Component:
    return rx.el.div(
        rx.heading("What changed", as_="h3", size="2"),
        rx.el.ol(rx.foreach(ServiceConformanceState.events, _step), class_name="trial"),
        class_name="stack",
    )


def _actions() -> rx.Component:
    state = ServiceConformanceState
    quiet = {"variant": "surface", "color_scheme": "gray", "high_contrast": True}
    again = rx.button(
        rx.icon("refresh-cw", size=15, aria_hidden="true"),
        "Read again",
        on_click=state.read_again,
        **quiet,
    )
    trial = confirm(
        rx.button(
            rx.icon("flask-conical", size=15, aria_hidden="true"),
            rx.cond(state.is_trying, "A trial is under way", "Try with real runs"),
            disabled=state.is_trying,
        ),
        title="Start two tiny runs at this service?",
        text=TRIAL_TEXT,
        action="Start the runs",
        on_confirm=state.try_out,
        otherwise="Not now",
    )
    return rx.el.div(again, trial, class_name="row")


def _dates() -> rx.Component:
    state = ServiceConformanceState
    return rx.text(
        rx.cond(state.software, rx.el.span(state.software, ". "), ""),
        "Read ",
        moment(state.read_at, never="not yet"),
        ", again ",
        moment(state.next_at),
        ". ",
        state.summary,
        size="2",
        class_name="muted",
    )


def conformance_section() -> rx.Component:
    """The section of a service's page that tells how far it keeps to the standard."""
    state = ServiceConformanceState
    outdated = (
        "The service runs other software since. What was known before counts no more until it is "
        "read and tried again."
    )
    none = rx.text(
        "Nothing is known yet. The worker reads the service when it answers.",
        size="2",
        class_name="muted",
    )
    content = rx.el.div(
        _dates(),
        _actions(),
        rx.cond(state.problem, notice(state.problem, color="red", icon="circle-alert")),
        rx.cond(state.has_outdated, notice(outdated, color="amber", icon="history")),
        rx.cond(state.trial_at, _trial()),
        rx.cond(state.features, features_table("Conformance", state.features), none),
        rx.cond(state.events, _history()),
        class_name="stack",
    )
    return rx.cond(state.is_there, section("How it keeps to the standard", content))

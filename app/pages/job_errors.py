"""Why a job failed or waits, and what its service warned of: what it means, and what to do."""

from collections.abc import Sequence
from typing import TypedDict

import reflex as rx

from app.components.frame import link_button, notice, section
from app.domain.access import Actor
from app.domain.error_catalogue import Explanation
from app.domain.job_details import JobDetail
from app.domain.job_queries import JobRow
from app.domain.known_message import Action
from app.domain.resubmissions import may_resubmit


class ActionItem(TypedDict):
    """Where something can be done."""

    label: str
    href: str


class ExplanationItem(TypedDict):
    """A known message."""

    said: str
    meaning: str
    cure: str
    actions: list[ActionItem]


class JobErrorsState(rx.State):
    """What is known of the messages of the job in the URL."""

    explained: list[ExplanationItem] = []
    hold_actions: list[ActionItem] = []


def show_errors(state: JobErrorsState, actor: Actor, detail: JobDetail) -> None:
    """Show the explanations of a job's messages, with what this person may do."""
    state.explained = [_item(one, actor, detail.row) for one in detail.explanations]
    state.hold_actions = actions_for(detail.hold_actions, actor, detail.row)


def actions_for(actions: Sequence[Action], actor: Actor, row: JobRow) -> list[ActionItem]:
    """The links for a person; those of the job's owner are left out for others."""
    again = f"/submit?resubmit={row.ref}" if may_resubmit(row) else ""
    anew = again or f"/submit?dataset={row.dataset_ref}"
    own = {
        Action.DATASET: ("Open the dataset", f"/datasets/{row.dataset_ref}"),
        Action.RESUBMIT: ("Submit again", f"{anew}&panel={row.panel_ref}"),
        Action.POPULATION_OFF: (
            "Submit again without a population",
            f"{again}&panel={row.panel_ref}&population=off" if again else "",
        ),
        Action.OTHER_PANEL: ("Choose another panel", anew),
        Action.TOKENS: (f"Your token for {row.service_name}", f"/services/{row.service_ref}"),
        Action.JOBS: ("Your jobs", "/jobs"),
        Action.STORAGE: ("Your datasets", "/datasets"),
    }
    if row.owner_ref != actor.user_ref or not actor.may("job:submit"):
        own = {}
    links = own | {Action.SERVICE: (f"About {row.service_name}", f"/services/{row.service_ref}")}
    wanted = [links[action] for action in actions if action in links]
    return [ActionItem(label=label, href=href) for label, href in wanted if href]


def _item(one: Explanation, actor: Actor, row: JobRow) -> ExplanationItem:
    return ExplanationItem(
        said=one.said,
        meaning=one.meaning,
        cure=one.cure,
        actions=actions_for(one.actions, actor, row),
    )


def why_it_failed(cause: rx.Var[str]) -> rx.Component:
    """The section of a failed job; `cause` is the whole text that the service or we gave."""
    raw = rx.el.pre(cause, class_name="log", tab_index=0, aria_label="The whole message")
    unknown = notice(
        "The platform does not know this message. The text and the logs below are all there is; "
        "the service's operators can look the run up by its number.",
        color="gray",
        icon="circle-help",
    )
    known = rx.fragment(
        _explained(),
        rx.el.details(rx.el.summary("The whole message", class_name="summary"), raw),
    )
    body = rx.cond(JobErrorsState.explained, known, rx.fragment(unknown, raw))
    return section("Why it failed", rx.el.div(body, class_name="stack"))


def warnings() -> rx.Component:
    """The section of a completed job whose service warned of something that is known."""
    return rx.cond(JobErrorsState.explained, section("What the service warns of", _explained()))


def what_ends_the_hold() -> rx.Component:
    """That a job waits for a person, and the way to where that person can act."""
    return rx.fragment(
        notice("This job needs a person. What to do is said above.", color="amber", icon="hand"),
        rx.cond(JobErrorsState.hold_actions, _actions(JobErrorsState.hold_actions)),
    )


def _explained() -> rx.Component:
    return rx.el.ul(rx.foreach(JobErrorsState.explained, _explanation), class_name="explanations")


def _explanation(item: rx.Var[ExplanationItem]) -> rx.Component:
    return rx.el.li(
        rx.el.dl(
            _line("It was said", rx.el.q(item.said, class_name="said")),
            _line("What it means", item.meaning),
            _line("What to do", item.cure),
            class_name="explanation",
        ),
        rx.cond(item.actions, _actions(item.actions)),
    )


def _line(title: str, text: rx.Component | rx.Var[str]) -> rx.Component:
    return rx.fragment(rx.el.dt(title), rx.el.dd(text))


def _actions(items: rx.Var[list[ActionItem]]) -> rx.Component:
    return rx.el.div(
        rx.foreach(
            items,
            lambda item: link_button(
                item.label,
                item.href,
                size="1",
                variant="surface",
                color_scheme="gray",
                high_contrast=True,
            ),
        ),
        class_name="row",
    )

"""The first step of a submission: which dataset."""

import reflex as rx

from app.components.frame import empty_state
from app.components.status import badge
from app.pages.submit_step import step_buttons, step_head
from app.states.submission_items import DatasetChoice
from app.states.submitting import SubmitState


def _choice(item: DatasetChoice) -> rx.Component:
    return rx.el.label(
        rx.el.input(
            type="radio",
            name="dataset",
            value=item.ref,
            default_checked=SubmitState.dataset_ref == item.ref,
            on_change=SubmitState.choose_dataset(item.ref),
            disabled=item.why_not != "",
        ),
        rx.el.span(
            rx.el.span(item.name, class_name="choice-name"),
            rx.el.span(item.facts, class_name="choice-facts"),
            rx.cond(
                item.why_not,
                rx.el.span("Not now: ", item.why_not, class_name="choice-reason"),
            ),
            class_name="choice-text",
        ),
        rx.cond(item.build, badge(item.build, "gray", "dna")),
        class_name=rx.cond(item.why_not, "choice choice-off", "choice"),
        key=item.ref,
    )


def dataset_step() -> rx.Component:
    """Choose one of one's datasets."""
    search = rx.input(
        rx.input.slot(rx.icon("search", size=14, aria_hidden="true")),
        placeholder="Name or description",
        default_value=SubmitState.search,
        on_change=SubmitState.find_dataset.debounce(300),
        aria_label="Search datasets",
        type="search",
        width="280px",
    )
    nothing = rx.cond(
        SubmitState.search,
        empty_state("search-x", "No dataset matches", "Change the search."),
        empty_state(
            "database",
            "No datasets yet",
            "A dataset holds the genotypes that are imputed. Make one and upload your files.",
            rx.link("Go to datasets", href="/datasets"),
        ),
    )
    return rx.el.section(
        step_head("Which dataset?", "The newest are shown first. Search to find others."),
        search,
        rx.cond(
            SubmitState.datasets,
            rx.el.fieldset(
                rx.el.legend("Dataset", class_name="visually-hidden"),
                rx.foreach(SubmitState.datasets, _choice),
                class_name="choices",
            ),
            rx.cond(SubmitState.has_read_datasets, nothing),
        ),
        step_buttons(next_step=1, can_go_on=SubmitState.dataset_ref != ""),
        class_name="stack",
    )

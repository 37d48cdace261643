"""What a person has chosen on the way to a submission, step by step."""

from typing import Any

import reflex as rx

from app.domain.access import Actor
from app.domain.dataset_limits import FileFacts, file_facts
from app.domain.datasets import dataset_detail, list_datasets
from app.domain.errors import Invalid, NotFound
from app.domain.panels import PanelDetail
from app.domain.resubmissions import Template, resubmit, template_of
from app.domain.service_access import access_of
from app.domain.submission_checks import ChosenDataset, check_dataset, parameters_per_panel
from app.domain.submissions import submission_detail, submit
from app.states.calls import call
from app.states.guard import guarded
from app.states.outages import Parts
from app.states.panel_fit import PanelFitState, show_fit
from app.states.submission_items import (
    BUILD,
    DatasetChoice,
    PanelItem,
    ParameterItem,
    ReviewItem,
    dataset_choice,
    parameter_items,
    review_item,
    text_of,
    values_of_dataset,
)
from app.states.submit_reads import panels_chosen, panels_offered
from app.states.terms_item import TermsItem, accept_ticked, terms_asked
from models import db
from models.base import new_ref

STEPS = ("Dataset", "Panels", "Parameters", "Review")
DATASETS_SHOWN = 50


class SubmitState(rx.State):
    """The choices of one tab. They stay while one looks elsewhere, until they are submitted."""

    step: int = 0
    datasets: list[DatasetChoice] = []
    dataset_ref: str = ""
    dataset_name: str = ""
    dataset_facts: str = ""
    dataset_build: str = ""
    panels: list[PanelItem] = []
    chosen: list[str] = []
    parameters: list[ParameterItem] = []
    review: list[ReviewItem] = []
    terms: list[TermsItem] = []
    name: str = ""
    problem: str = ""
    search: str = ""
    is_loaded: bool = False
    has_read_datasets: bool = False
    has_read_panels: bool = False
    is_sending: bool = False
    # The job in whose place this is submitted: its ref, what to say of it, whether it goes on.
    first_ref: str = ""
    first_title: str = ""
    first_is_open: bool = False
    _files: list[FileFacts] = []
    _values: dict[str, Any] = {}
    # What the last look at the parameters refused, and of which of them.
    _refused: tuple[str, str] = ("", "")
    _key: str = ""
    _is_sent: bool = False
    _came_with: str = ""

    @guarded("job:submit")
    async def load(self, actor: Actor) -> None:
        """Read what there is to choose from; what was chosen stays chosen."""
        if self._is_sent or not self._key:
            self._start_afresh()
        parts = Parts()
        with parts:
            await self._read_datasets(actor)
        with parts:
            await self._read_panels(actor)
        with parts:
            await self._take_wish(actor)
        self.is_loaded = True
        parts.settle()

    @guarded("job:submit", supersedes=True)
    async def find_dataset(self, actor: Actor, search: str) -> None:
        """Look for a dataset by name."""
        self.search = str(search)[:200]
        await self._read_datasets(actor)

    @guarded("job:submit")
    async def choose_dataset(self, actor: Actor, dataset_ref: str) -> None:
        """Choose the dataset."""
        await self._choose(actor, str(dataset_ref))

    @guarded("job:submit")
    async def toggle_panel(self, actor: Actor, panel_ref: str) -> None:
        """Choose a panel, or leave it out again."""
        usable = [item["ref"] for item in self.panels if item["can_choose"]]
        wanted = {*self.chosen} ^ {str(panel_ref)}
        self.chosen = [ref for ref in usable if ref in wanted]
        self.problem = ""

    @guarded("job:submit")
    async def go(self, actor: Actor, step: int) -> None:
        """Go to a step, as far as the steps before it are complete."""
        wanted = min(max(step, 0), len(STEPS) - 1) if isinstance(step, int) else 0
        self.problem = ""
        if wanted > 0 and not self.dataset_ref:
            wanted, self.problem = 0, "Choose a dataset first."
        elif wanted > 1 and not self.chosen:
            wanted, self.problem = 1, "Choose at least one panel."
        if wanted > 1:
            check_dataset(self._dataset(), await self._details(actor))
            await self._ask_parameters(actor)
        self.step = min(wanted, 2)
        if wanted == 3:
            await self._look_over(actor)

    @guarded("job:submit")
    async def fill_in(self, actor: Actor, name: str, value: str | bool) -> None:
        """Note a value, and show or hide the fields that depend on it."""
        if str(name) in {item["name"] for item in self.parameters}:
            self._values = self._values | {str(name): text_of(value)}
            await self._ask_parameters(actor)

    @guarded("job:submit")
    async def check_parameters(self, actor: Actor, form: dict[str, Any]) -> None:
        """Take over the form and go on to the review if every value is accepted."""
        given = _parsed(form)
        for item in self.parameters:
            absent = "false" if item["kind"] == "boolean" else ""
            self._values = self._values | {item["name"]: text_of(given.get(item["name"], absent))}
        await self._look_over(actor)

    @guarded("job:submit")
    async def send(self, actor: Actor, form: dict[str, Any]) -> Any:
        """Submit, once however often it is clicked, and show what became of it."""
        self.is_sending = True
        yield
        try:
            yield await self._submit(actor, _parsed(form))
        finally:
            self.is_sending = False

    async def _take_wish(self, actor: Actor) -> None:
        """Begin with the dataset and panel in the address, or in place of the job in it.

        In place of a job, the address may name another population than the job had.
        """
        query = self.router.url.query_parameters
        job_ref, wish, panel, population = (
            str(query.get(name, ""))[:40] for name in ("resubmit", "dataset", "panel", "population")
        )
        came_with = " ".join([job_ref or wish, panel, population]).strip()
        if came_with in ("", self._came_with):
            return
        try:
            if job_ref:
                template = await call(db.JOBS, template_of, actor=actor, job_ref=job_ref)
                self._start_afresh()
                self._take_over(template)
                if population:
                    self._values |= {"population": population}
                wish = template.dataset_ref
        except NotFound as error:
            self.problem = error.message
            return
        if wish:
            await self._choose(actor, wish)
        if any(item["ref"] == panel and item["can_choose"] for item in self.panels):
            self.chosen = [panel]
        self._came_with = came_with
        self.step = 1 if self.dataset_ref else 0

    def _take_over(self, template: Template) -> None:
        self.first_ref, self.first_is_open = template.job_ref, template.is_open
        self.first_title = f"{template.name} at {template.service_name}"
        self.name = template.name
        self._values = {name: text_of(value) for name, value in template.parameters.items()}

    async def _submit(self, actor: Actor, given: dict[str, Any]) -> Any:
        self.name = str(given.get("name", ""))[:200]
        details = await self._details(actor)
        await self._choose(actor, self.dataset_ref)
        if self.problem:
            raise Invalid(self.problem)
        accepted = await accept_ticked(actor, details, given)
        # They may have changed since they were shown.
        self.terms = await terms_asked(actor, details)
        form = {
            "actor": actor,
            "name": self.name,
            "dataset": self._dataset(),
            "panels": details,
            "parameters": self._shown_values(details),
            "idempotency_key": self._key,
            "access": await call(db.USERS, access_of, actor=actor),
            "accepted_terms": accepted,
        }
        if self.first_ref:
            form |= {"job_ref": self.first_ref, "ends_first": given.get("ends_first") == "on"}
        row = await call(db.JOBS, resubmit if self.first_ref else submit, **form)
        self._is_sent = True
        detail = await call(db.JOBS, submission_detail, actor=actor, submission_ref=row.ref)
        only = detail.jobs[0].ref if len(detail.jobs) == 1 else ""
        return rx.redirect(f"/jobs/{only}" if only else f"/submissions/{row.ref}")

    async def _read_panels(self, actor: Actor) -> None:
        self.panels = await panels_offered(actor)
        await self._compare(actor)
        self.has_read_panels = True
        usable = {item["ref"] for item in self.panels if item["can_choose"]}
        self.chosen = [ref for ref in self.chosen if ref in usable]

    async def _read_datasets(self, actor: Actor) -> None:
        found = await call(
            db.FILES, list_datasets, actor=actor, search=self.search, page_size=DATASETS_SHOWN
        )
        self.datasets, self.has_read_datasets = [dataset_choice(row) for row in found.rows], True

    async def _choose(self, actor: Actor, dataset_ref: str) -> None:
        try:
            detail = await call(db.FILES, dataset_detail, actor=actor, dataset_ref=dataset_ref)
        except NotFound as error:
            self.problem = error.message
            return
        choice = dataset_choice(detail.row)
        if choice["why_not"]:
            self.problem = f"“{choice['name']}” cannot be submitted: {choice['why_not']}"
            return
        if not self.name or self.name == self.dataset_name:
            self.name = choice["name"]
        if self.dataset_ref not in ("", choice["ref"]):
            self._values = {name: value for name, value in self._values.items() if name != BUILD}
        self.dataset_ref, self.dataset_name = choice["ref"], choice["name"]
        self.dataset_facts, self.dataset_build = choice["facts"], choice["build"]
        self._files = [file_facts(row) for row in detail.files]
        await self._compare(actor)
        self.problem = ""

    async def _compare(self, actor: Actor) -> None:
        await show_fit(await self.get_state(PanelFitState), actor, self._dataset())

    def _dataset(self) -> ChosenDataset:
        return ChosenDataset(
            self.dataset_ref, self.dataset_name, len(self._files), tuple(self._files)
        )

    async def _details(self, actor: Actor) -> list[PanelDetail]:
        return await panels_chosen(actor, self.chosen)

    async def _ask_parameters(self, actor: Actor) -> None:
        # What was refused stays said until the form is sent again: were it to vanish when its
        # field is left, the button would move away under the pointer that is pressing it.
        message, name = self._refused
        refusal = Invalid(message, field=name) if message else None
        details = await self._details(actor)
        self._values = values_of_dataset(details, self.dataset_build) | self._values
        self.parameters = parameter_items(details, self._values, refusal)

    async def _look_over(self, actor: Actor) -> None:
        """Show the review, or the parameters with what is wrong with one of them."""
        details = await self._details(actor)
        try:
            checked = parameters_per_panel(details, self._shown_values(details))
        except Invalid as refusal:
            self._refused = (refusal.message, refusal.field)
            await self._ask_parameters(actor)
            is_of_a_field = refusal.field in {item["name"] for item in self.parameters}
            self.step, self.problem = 2, "" if is_of_a_field else refusal.message
            return
        self.review = [
            review_item(panel, values) for panel, values in zip(details, checked, strict=True)
        ]
        self.terms = await terms_asked(actor, details)
        self.step, self.problem, self._refused = 3, "", ("", "")

    def _shown_values(self, details: list[PanelDetail]) -> dict[str, Any]:
        shown = {item["name"] for item in parameter_items(details, self._values)}
        return {name: value for name, value in self._values.items() if name in shown}

    def _start_afresh(self) -> None:
        self.step, self.chosen, self.name, self.problem = 0, [], "", ""
        self.dataset_ref, self.dataset_name, self._came_with = "", "", ""
        self.terms, self._values, self._key, self._is_sent = [], {}, new_ref(), False
        self._refused = ("", "")
        self.first_ref, self.first_title, self.first_is_open = "", "", False


def _parsed(form: Any) -> dict[str, Any]:
    """A form as the browser should send it, and nothing where it sends something else."""
    return form if isinstance(form, dict) else {}

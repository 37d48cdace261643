"""The terms of a service and of its panels: what they say, their versions, who accepted them."""

from typing import Any, TypedDict

import reflex as rx

from app.components.frame import field, notice, section
from app.components.moment import exact_moment
from app.components.table import table
from app.domain.access import SERVICE_MANAGE, Actor
from app.domain.errors import Invalid, NotFound
from app.domain.panels import list_panels
from app.domain.terms import history, set_terms
from app.domain.terms_acceptances import acceptances
from app.states.calls import call
from app.states.guard import guarded
from app.states.route import route_argument
from app.states.service_item import iso
from app.states.terms_item import TermsItem, terms_item
from models import db

# The service itself in the choice of whose terms are edited, which takes no empty value.
SERVICE = "service"
SHOWN = 20


class AcceptanceItem(TypedDict):
    """Who accepted what, and when."""

    at: str
    who: str
    title: str
    version: str


class TermsHistoryState(rx.State):
    """The versions of the terms of the service in the URL, and who accepted them."""

    versions: list[TermsItem] = []
    acceptances: list[AcceptanceItem] = []
    csv: str = ""

    @guarded(SERVICE_MANAGE)
    async def load(self, actor: Actor) -> None:
        """Read them, the newest first."""
        service_ref = route_argument(self, "service_ref")
        wanted = {"actor": actor, "service_ref": service_ref}
        try:
            versions = await call(db.REGISTRY, history, **wanted)
        except NotFound:
            return
        self.versions = [terms_item(one) for one in versions]
        rows = await call(db.USERS, acceptances, **wanted, limit=SHOWN)
        self.acceptances = [
            AcceptanceItem(
                at=iso(row.accepted_at),
                who=row.user_name,
                title=row.title,
                version=str(row.version),
            )
            for row in rows
        ]
        self.csv = f"/api/services/{service_ref}/terms-acceptances.csv"


class AdminTermsState(rx.State):
    """The form; `whose` is a panel's ref, or the service itself.

    It stays as it is while somebody fills it in; `shown` is the version that it began with.
    """

    whose: str = SERVICE
    choices: list[list[str]] = []
    text: str = ""
    url: str = ""
    shown: str = ""
    problem: str = ""
    problem_field: str = ""
    is_there: bool = False
    _service_ref: str = ""

    @guarded(SERVICE_MANAGE)
    async def load(self, actor: Actor) -> None:
        """Begin with the terms as they are."""
        service_ref = route_argument(self, "service_ref")
        if service_ref != self._service_ref:
            self._service_ref, self.whose = service_ref, SERVICE
        try:
            await self._show(actor)
        except NotFound:
            self.is_there = False
            return
        panels = await call(db.REGISTRY, list_panels, actor=actor, service_ref=service_ref)
        self.choices = [["The whole service", SERVICE], *([row.name, row.ref] for row in panels)]
        self.is_there = True

    @guarded(SERVICE_MANAGE)
    async def choose(self, actor: Actor, whose: str) -> None:
        """Edit the terms of the service or of one of its panels."""
        if whose in [ref for _, ref in self.choices]:
            self.whose = whose
            await self._show(actor)

    @guarded(SERVICE_MANAGE)
    async def save(self, actor: Actor, form: dict[str, Any]) -> Any:
        """Make the next version; what is wrong shows beside its field."""
        given = form if isinstance(form, dict) else {}
        self.problem, self.problem_field = "", ""
        try:
            saved = await call(
                db.REGISTRY,
                set_terms,
                actor=actor,
                service_ref=self._service_ref,
                panel_ref="" if self.whose == SERVICE else self.whose,
                text=str(given.get("text", "")),
                url=str(given.get("url", "")),
            )
        except Invalid as error:
            self.problem, self.problem_field = error.message, error.field
            return None
        if saved is None:
            return rx.toast.info("Nothing has changed.")
        ended = f"The terms of {saved.title} have ended."
        told = f"Version {saved.version} of the terms of {saved.title} is in force."
        return [rx.toast.success(told if saved.is_in_force else ended), AdminTermsState.load]

    async def _show(self, actor: Actor) -> None:
        ref = self._service_ref
        versions = await call(db.REGISTRY, history, actor=actor, service_ref=ref)
        panel_ref = "" if self.whose == SERVICE else self.whose
        last = next((one for one in versions if one.panel_ref == panel_ref), None)
        self.text, self.url, self.shown = (last.text, last.url, last.ref) if last else ("", "", "")
        self.problem, self.problem_field = "", ""


def _problem(name: str) -> rx.Var[str]:
    return rx.cond(AdminTermsState.problem_field == name, AdminTermsState.problem, "")


def _form() -> rx.Component:
    state = AdminTermsState
    key = state.whose + state.shown
    whose = rx.select.root(
        rx.select.trigger(aria_label="Whose terms", width="100%"),
        rx.select.content(
            rx.foreach(state.choices, lambda pair: rx.select.item(pair[0], value=pair[1]))
        ),
        value=state.whose,
        on_change=state.choose,
    )
    text = rx.text_area(
        name="text",
        default_value=state.text,
        key=key + "text",
        rows="6",
        width="100%",
        resize="vertical",
    )
    url = rx.input(name="url", default_value=state.url, key=key + "url", type="url", width="100%")
    return rx.form(
        field("Whose terms", whose),
        field("Text", text, problem=_problem("text")),
        field(
            "Link to them",
            url,
            hint="A text, a link, or both. With neither there is nothing to accept.",
            problem=_problem("url"),
        ),
        rx.el.div(rx.button("Save the terms", type="submit"), class_name="row"),
        on_submit=state.save,
        class_name="stack",
    )


def _version(item: TermsItem) -> rx.Component:
    says = rx.cond(item.url, rx.link(item.url, href=item.url, is_external=True), "")
    return rx.table.row(
        rx.table.row_header_cell(item.title),
        rx.table.cell(item.version, align="right"),
        rx.table.cell(exact_moment(item.since)),
        rx.table.cell(item.by),
        rx.table.cell(
            rx.cond(
                item.is_in_force,
                rx.fragment(rx.text(item.text, size="1", class_name="clamped"), says),
                "Ended",
            )
        ),
    )


def _acceptance(item: AcceptanceItem) -> rx.Component:
    return rx.table.row(
        rx.table.row_header_cell(item.who),
        rx.table.cell(item.title),
        rx.table.cell(item.version, align="right"),
        rx.table.cell(exact_moment(item.at)),
    )


def _accepted() -> rx.Component:
    state = TermsHistoryState
    return rx.el.div(
        rx.heading("Who accepted them", as_="h3", size="2"),
        table(
            "Who accepted the terms",
            ("Person", "Terms of", "Version", "Accepted"),
            rx.foreach(state.acceptances, _acceptance),
            in_card=True,
        ),
        rx.link(
            rx.icon("download", size=14, aria_hidden="true"),
            f"All acceptances as CSV (the newest {SHOWN} are listed)",
            href=state.csv,
            # The browser's own navigation: the page's router knows no such page.
            reload_document=True,
            size="2",
            class_name="action-link",
        ),
        class_name="stack",
    )


def terms_section() -> rx.Component:
    """The section of a service's administration with its terms."""
    past = TermsHistoryState
    versions = rx.el.div(
        rx.heading("Versions", as_="h3", size="2"),
        table(
            "Versions of the terms",
            ("Terms of", "Version", "Since", "By", "What they say"),
            rx.foreach(past.versions, _version),
            in_card=True,
        ),
        class_name="stack",
    )
    why = rx.text(
        "People accept them once, before their first submission, and again when they change.",
        size="2",
        class_name="muted",
    )
    content = rx.el.div(
        why,
        _form(),
        rx.cond(past.versions, versions, notice("There are no terms yet.")),
        rx.cond(past.acceptances, _accepted()),
        class_name="stack",
    )
    return rx.cond(AdminTermsState.is_there, section("Terms", content))

"""Add a service from its address, or change one."""

from typing import Any

import reflex as rx

from app.components.frame import empty_state, field, notice, page_header, section, skeleton
from app.domain import services as domain
from app.domain.access import SERVICE_MANAGE, Actor
from app.domain.errors import Conflict, Invalid, NotFound
from app.domain.known_services import known_service
from app.domain.service_fields import ServiceFields
from app.domain.services import ServiceRow
from app.pages.admin_service_checks import checks_section
from app.pages.admin_service_conformance import ServiceConformanceState, conformance_section
from app.pages.admin_service_known import known_services, told_of
from app.pages.admin_service_limits import limits_section
from app.pages.admin_service_panels import PanelSyncState, panel_sync_section
from app.pages.admin_service_terms import AdminTermsState, TermsHistoryState, terms_section
from app.pages.admin_service_test import ConnectionTestState, connection_test
from app.pages.admin_service_what import what_section
from app.pages.service_token import LabTokenState, lab_token_section
from app.pages.template import page
from app.states.calls import call
from app.states.guard import guarded
from app.states.route import route_argument
from app.states.service_form import ServiceForm, empty_form, fields_of, form_of, form_of_known
from app.states.service_limit_item import LimitItem, limit_items
from models import db

NEW = "new"
# What the sections below the form read.
LOADS = [
    ServiceConformanceState.load,
    PanelSyncState.load,
    AdminTermsState.load,
    TermsHistoryState.load,
]


class AdminServiceState(rx.State):
    """The form and what is wrong with it."""

    form: ServiceForm = empty_form()
    limits: list[LimitItem] = []
    name: str = ""
    saved_ref: str = ""
    problem: str = ""
    problem_field: str = ""
    is_loaded: bool = False
    is_missing: bool = False
    # Which known service the form began with, and what to know of it.
    known: str = ""
    known_note: str = ""

    @guarded(SERVICE_MANAGE)
    async def load(self, actor: Actor) -> list[Any] | None:
        """Read the service in the URL, or begin a new one."""
        test = await self.get_state(ConnectionTestState)
        service_ref = route_argument(self, "service_ref")
        self.problem, self.problem_field, self.known, self.known_note = "", "", "", ""
        self.is_loaded, self.is_missing = True, False
        if service_ref == NEW:
            self.form, self.name, self.saved_ref, self.limits = empty_form(), "", "", []
            test._start("", "", "wes")
            return LOADS
        try:
            row = await call(
                db.REGISTRY, domain.service_to_change, actor=actor, service_ref=service_ref
            )
        except NotFound:
            self.is_missing = True
            return None
        self.form, self.name, self.saved_ref = form_of(row), row.name, row.ref
        self.limits = limit_items(row)
        test._start(row.base_url, row.ref, row.api_type)
        return LOADS

    @guarded(SERVICE_MANAGE)
    async def start_from(self, actor: Actor, key: str) -> None:
        """Fill in what is publicly known of a service."""
        known = known_service(str(key))
        test = await self.get_state(ConnectionTestState)
        test._start(known.base_url, "", known.api_type)
        self.form, self.known, self.known_note = form_of_known(known), known.key, told_of(known)

    @guarded(SERVICE_MANAGE)
    async def save(self, actor: Actor, form: dict[str, Any]) -> rx.event.EventSpec | None:
        """Add or change the service; what is wrong shows beside its field."""
        test = await self.get_state(ConnectionTestState)
        self.problem, self.problem_field = "", ""
        try:
            fields = fields_of(
                form if isinstance(form, dict) else {},
                base_url=test.base_url,
                api_type=test.api_type,
                known=known_service(self.known) if self.known else None,
            )
            row = await self._write(actor, fields, test._service_info)
        except (Invalid, Conflict) as error:
            self.problem = error.message
            self.problem_field = getattr(error, "field", "name")
            return None
        if self.saved_ref:
            self.name, self.limits = row.name, limit_items(row)
            return rx.toast.success(f"{row.name} is saved.")
        return rx.redirect(f"/admin/services/{row.ref}")

    async def _write(
        self, actor: Actor, fields: ServiceFields, service_info: dict[str, Any]
    ) -> ServiceRow:
        if not self.saved_ref:
            return await call(
                db.REGISTRY,
                domain.add_service,
                actor=actor,
                fields=fields,
                service_info=service_info,
            )
        return await call(
            db.REGISTRY,
            domain.change_service,
            actor=actor,
            service_ref=self.saved_ref,
            fields=fields,
        )

    @rx.var
    def token_news(self) -> str:
        """What became of a token that was just sent, as the address says."""
        query = self.router.url.query_parameters
        news = {"saved": "The token is stored.", "forgotten": "The token is forgotten."}
        return news.get(query.get("token", ""), "") or str(query.get("problem", ""))[:300]


def _problem(name: str) -> rx.Var[str]:
    return rx.cond(AdminServiceState.problem_field == name, AdminServiceState.problem, "")


def _line(name: str, label: str, *, hint: str = "", required: bool = False, **props: Any):
    shown = {"default_value": AdminServiceState.form[name]} | props
    control = rx.input(name=name, required=required, width="100%", **shown)
    return field(label, control, hint=hint, problem=_problem(name), required=required)


def _files() -> rx.Component:
    return section(
        "How it works",
        rx.text(
            "Some services name results by a path on their own disk. Where that folder is mounted "
            "on this machine too, results are read from it.",
            size="2",
            class_name="muted",
            margin_bottom="12px",
        ),
        rx.el.div(
            _line("shared_remote", "Folder at the service", placeholder="/srv/wes/outputs"),
            _line("shared_local", "The same folder here", placeholder="/mnt/wes/outputs"),
            _line("workflow_engine", "Engine to ask for", hint="Empty: the recipe's or its own."),
            _line("workflow_engine_version", "Version of that engine"),
            _line(
                "applications",
                "Applications that impute",
                hint="For a Cloudgene server, several with commas. Empty: all that it shows.",
                placeholder="imputationserver2",
            ),
            class_name="grid-2",
        ),
    )


def _form() -> rx.Component:
    return rx.form(
        rx.el.div(
            what_section(_line, AdminServiceState.form, ConnectionTestState.suggested_name),
            limits_section(_line, AdminServiceState.limits),
            _files(),
            checks_section(_line, AdminServiceState.form["check_canary"].to(bool)),
            rx.cond(
                AdminServiceState.problem,
                notice(AdminServiceState.problem, color="red", icon="circle-alert", role="alert"),
            ),
            rx.el.div(rx.button("Save the service", type="submit", size="3"), class_name="row"),
            class_name="stack",
        ),
        on_submit=AdminServiceState.save,
        key=AdminServiceState.saved_ref + AdminServiceState.known,
        width="100%",
    )


@page(
    "/admin/services/[service_ref]",
    title="Service",
    on_load=[AdminServiceState.load, LabTokenState.load],
    live=(["imputation_services", "service_credentials", "terms_acceptances"], "service_ref"),
    # The form stays as it is while somebody fills it in.
    reload={
        "imputation_services": [ServiceConformanceState.load, TermsHistoryState.load],
        "service_credentials": LabTokenState.load,
        "terms_acceptances": TermsHistoryState.load,
    },
)
def admin_service() -> rx.Component:
    """Test, describe and save a service."""
    missing = empty_state(
        "search-x",
        "There is no such service",
        "It may have had another address.",
        rx.link("See all services", href="/admin/services"),
        level=1,
    )
    add_panel = rx.link(
        rx.button("Add a panel", variant="surface", color_scheme="gray", high_contrast=True),
        href="/admin/panels/new?service=" + AdminServiceState.saved_ref,
    )
    content = rx.fragment(
        page_header(
            rx.cond(AdminServiceState.name, AdminServiceState.name, "Add a service"),
            rx.cond(AdminServiceState.saved_ref, add_panel),
            subtitle="Enter the address, test it, say what it is, save.",
        ),
        rx.cond(AdminServiceState.token_news, notice(AdminServiceState.token_news)),
        rx.cond(
            AdminServiceState.saved_ref,
            rx.fragment(),
            known_services(AdminServiceState.start_from, AdminServiceState.known_note),
        ),
        connection_test(),
        rx.cond(AdminServiceState.saved_ref, lab_token_section()),
        _form(),
        panel_sync_section(),
        terms_section(),
        conformance_section(),
    )
    return rx.cond(
        AdminServiceState.is_loaded,
        rx.cond(AdminServiceState.is_missing, missing, content),
        skeleton(),
    )

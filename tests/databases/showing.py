"""Duties towards people who look at pages and send forms."""

from collections.abc import Sequence
from typing import Any

from sqlmodel import func, select

from models import db
from models.base import new_ref
from models.jobs import Submission
from tests.databases.duty import Duty
from tests.databases.matrix import Outcome
from tests.databases.situation import PATIENCE_SECONDS
from tests.support.socket import Tab
from tests.support.working import submit_to

STATE = "reflex___state____state"
LOAD_SESSION = f"{STATE}.app___states___session____session_state.load"
SUBMIT = f"{STATE}.app___states___submitting____submit_state"


class Page(Duty):
    """A page is opened in a fresh tab: what it shows, and whether it says what is missing."""

    path = "/"
    load = ""
    # What the page reads besides.
    more: Sequence[str] = ()
    is_for_ada = False

    def shown(self) -> dict[str, str]:
        """What the page shows where it works, by the database that it comes from."""
        raise NotImplementedError

    def query(self) -> dict[str, str]:
        """The arguments of the page's route."""
        return {}

    async def outcome(self, expected: Outcome) -> Outcome:
        cookies = self.here.ada_cookies if self.is_for_ada else self.here.cookies
        async with Tab(self.here.url, cookies=cookies) as tab:
            await tab.send(LOAD_SESSION, path=self.path, query=self.query())
            for load in (self.load, *self.more):
                await tab.send(f"{STATE}.{load}", path=self.path, query=self.query())
            shown = self.shown()
            others = [what for one, what in shown.items() if one != self.away]
            await tab.until(
                lambda text: (
                    all(one in text for one in shown.values())
                    or (
                        self.words in text
                        and (expected is not Outcome.IN_PART or all(one in text for one in others))
                    )
                ),
                seconds=PATIENCE_SECONDS,
            )
            text = str(tab.received)
        if self.words not in text:
            return Outcome.WORKS
        there = {one for one, what in shown.items() if what in text}
        return Outcome.IN_PART if there and there == set(shown) - {self.away} else Outcome.SAYS


class Overview(Page):
    """The first page, of three databases."""

    load = "app___pages___overview____overview_state.load"
    more = ("app___pages___overview_services____overview_services_state.load",)

    def shown(self) -> dict[str, str]:
        return {
            db.JOBS: "Run to collect",
            db.REGISTRY: self.here.service_ref,
            db.FILES: "'dataset_count_rx_state_'",
        }


class Jobs(Page):
    """The list of jobs."""

    path, load = "/jobs", "app___pages___jobs____jobs_state.load"

    def shown(self) -> dict[str, str]:
        return {db.JOBS: "Run to collect"}


class OneJob(Page):
    """A job's page."""

    path, load = "/jobs/[job_ref]", "app___pages___job_state____job_state.load"

    async def begin(self) -> None:
        self._job = submit_to(
            self.here.panel_ref, self.here.dataset_ref, owner=self.here.rosa, name="Run to show"
        )

    def query(self) -> dict[str, str]:
        return {"job_ref": self._job}

    def shown(self) -> dict[str, str]:
        return {db.JOBS: "Run to show"}


class Services(Page):
    """The list of services."""

    path, load = "/services", "app___pages___services____services_state.load"

    def shown(self) -> dict[str, str]:
        return {db.REGISTRY: self.here.service_ref}


class AdminServices(Page):
    """The administration of services."""

    path, load = "/admin/services", "app___pages___admin_services____admin_services_state.load"
    is_for_ada = True

    def shown(self) -> dict[str, str]:
        return {db.REGISTRY: self.here.service_ref}


class AdminPeople(Page):
    """The administration of people."""

    path, load = "/admin/users", "app___pages___admin_users____admin_users_state.load"
    is_for_ada = True

    def shown(self) -> dict[str, str]:
        return {db.USERS: self.here.rosa.email}


class Notifications(Page):
    """The list of notifications."""

    path, load = "/notifications", "app___pages___notifications____notifications_state.load"

    def shown(self) -> dict[str, str]:
        return {db.NOTIFICATIONS: "An older message"}


class Submit(Duty):
    """A form that was filled in before is sent."""

    async def begin(self) -> None:
        self._name = f"Run {new_ref()[:8]}"
        self._tab = await Tab(self.here.url, cookies=self.here.cookies).__aenter__()
        await self._send("load")
        await self._send("choose_dataset", dataset_ref=self.here.dataset_ref)
        await self._send("toggle_panel", panel_ref=self.here.panel_ref)
        await self._send("check_parameters", form={})
        await self._tab.until_received("'step_rx_state_': 3", seconds=PATIENCE_SECONDS)

    async def outcome(self, expected: Outcome) -> Outcome:
        self._tab.received.clear()
        await self._send("send", form={"name": self._name})
        await self._tab.until(
            lambda text: self.words in text or "_redirect" in text, seconds=PATIENCE_SECONDS
        )
        return Outcome.SAYS if self.words in str(self._tab.received) else Outcome.WORKS

    async def finish(self) -> None:
        # The same form in the same tab, as it was filled in: a second time changes nothing.
        await self.until_it_works()
        await self._tab.__aexit__()
        with db.session(db.JOBS) as session:
            count = select(func.count()).where(Submission.name == self._name)
            assert session.exec(count).one() == 1

    async def _send(self, event: str, **payload: Any) -> None:
        await self._tab.send(f"{SUBMIT}.{event}", path="/submit", **payload)

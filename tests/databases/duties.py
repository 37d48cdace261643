"""Each duty of the platform: begun before a database is taken away, tried without it, finished
after it is back.

`begin` and `try_it` come before anybody looks; `outcome` says what became of it; `finish` fails
unless everything has been made good, once.
"""

import asyncio
from typing import Any

import httpx
from sqlmodel import func, select

from app.domain import datasets
from app.domain.outbox import emit, emit_audit
from app.domain.unavailable import WORDS
from models import db
from models.base import new_ref, now
from models.jobs import JobsOutbox, Submission
from models.notifications import Notification
from models.platform import AuditEntry
from models.registry import ImputationService, RegistryOutbox
from tests.databases.matrix import Outcome
from tests.databases.situation import PASSWORD, PATIENCE_SECONDS, RESULT, Situation, until
from tests.support import tus
from tests.support.socket import Tab
from tests.support.working import submit_to

STATE = "reflex___state____state"
LOAD_SESSION = f"{STATE}.app___states___session____session_state.load"
SUBMIT = f"{STATE}.app___states___submitting____submit_state"


class Duty:
    """A duty during one absence of one database."""

    def __init__(self, situation: Situation, away: str) -> None:
        self.here = situation
        self.away = away
        self.words = WORDS[away].cannot

    async def begin(self) -> None:
        """Do what must be done while all is well."""

    async def try_it(self) -> None:
        """Begin what shall go on, or wait, now that a database is away."""

    async def outcome(self, expected: Outcome) -> Outcome:
        """What becomes of it now; waits as long as need be for what is expected."""
        raise NotImplementedError

    async def finish(self) -> None:
        """With all databases there again, see that it works and that nothing is lost or doubled."""
        await self.until_it_works()

    async def until_it_works(self) -> None:
        """Try again, as people do, until it works."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while await self.outcome(Outcome.WORKS) is not Outcome.WORKS:
                pass

    def client(self) -> httpx.AsyncClient:
        """Rosa's browser, as far as HTTP goes."""
        return httpx.AsyncClient(base_url=self.here.url, cookies=self.here.cookies, timeout=30)

    def says_so(self, answer: httpx.Response) -> bool:
        """Whether an answer is a refusal in plain words that tells when to come back."""
        return (
            answer.status_code == 503
            and int(answer.headers["retry-after"]) > 0
            and answer.json()["detail"].startswith(self.words)
        )


class Livez(Duty):
    """The process lives."""

    async def outcome(self, expected: Outcome) -> Outcome:
        async with self.client() as client:
            answer = await client.get("/livez")
        return Outcome.WORKS if answer.status_code == 200 else Outcome.SAYS


class Ready(Duty):
    """The process says which database is missing."""

    missing = True

    async def outcome(self, expected: Outcome) -> Outcome:
        missing = {self.away} if self.missing else set()

        def says_which() -> bool:
            answer = httpx.get(f"{self.here.url}/ready", timeout=30)
            checks = answer.json()["databases"]
            named = {name for name, state in checks.items() if state != "ok"}
            return named == missing and (answer.status_code == 503) == (db.USERS in missing)

        await until(says_which, f"/ready names {missing or 'nothing'}")
        return Outcome.WORKS

    async def finish(self) -> None:
        self.missing = False
        await super().finish()


class SignIn(Duty):
    """Somebody signs in with a password."""

    async def outcome(self, expected: Outcome) -> Outcome:
        form = {"email": self.here.rosa.email, "password": PASSWORD}
        async with httpx.AsyncClient(base_url=self.here.url, timeout=30) as client:
            answer = await client.post("/auth/sign-in", data=form)
        if answer.headers["location"].startswith("/sign-in?error=away"):
            return Outcome.SAYS
        assert answer.headers["location"] == "/"
        return Outcome.WORKS


class Page(Duty):
    """A page is opened in a fresh tab: what it shows, and whether it says what is missing."""

    path = "/"
    load = ""
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
            await tab.send(f"{STATE}.{self.load}", path=self.path, query=self.query())
            shown = self.shown()
            await tab.until(
                lambda text: self.words in text or all(one in text for one in shown.values()),
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


class Upload(Duty):
    """An upload whose first half has arrived goes on."""

    content = b"##fileformat=VCFv4.2\n#half#and the other half\n"

    async def begin(self) -> None:
        with db.session(db.FILES) as session:
            self._dataset = datasets.create_dataset(session, actor=self.here.rosa, name=new_ref())
        with self._browser() as browser:
            answer = tus.create(browser, self._dataset, "half.vcf", len(self.content))
            self._location = answer.headers["location"]
            assert tus.patch(browser, self._location, 0, self.content[:20]).status_code == 204

    async def outcome(self, expected: Outcome) -> Outcome:
        answer = await asyncio.to_thread(self._go_on, 20)
        if answer.status_code == 204:
            return Outcome.WORKS
        assert self.says_so(answer), answer.text
        return Outcome.WAITS

    async def finish(self) -> None:
        if not self._files():
            with self._browser() as browser:
                offset = tus.offset(browser, self._location)
            if offset < len(self.content):
                answer = await asyncio.to_thread(self._go_on, offset)
                assert answer.status_code == 204, answer.text
        await until(self._files, "the upload is a file")
        assert self._files() == ["half.vcf"]

    def _go_on(self, offset: int) -> httpx.Response:
        with self._browser() as browser:
            return tus.patch(browser, self._location, offset, self.content[offset:])

    def _browser(self) -> httpx.Client:
        return httpx.Client(base_url=self.here.url, cookies=self.here.cookies, timeout=30)

    def _files(self) -> list[str]:
        with db.session(db.FILES) as session:
            detail = datasets.dataset_detail(
                session, actor=self.here.rosa, dataset_ref=self._dataset
            )
        return [file.name for file in detail.files]


class Download(Duty):
    """A file is downloaded."""

    async def outcome(self, expected: Outcome) -> Outcome:
        async with self.client() as client:
            answer = await client.get(f"/api/files/{self.here.file_ref}")
        if answer.status_code == 200:
            assert answer.content
            return Outcome.WORKS
        assert self.says_so(answer), answer.text
        return Outcome.SAYS


class RunningJob(Duty):
    """A job whose run is under way when the database is taken away."""

    name = ""

    async def begin(self) -> None:
        self.ref = submit_to(
            self.here.panel_ref, self.here.dataset_ref, owner=self.here.rosa, name=self.name
        )
        await until(lambda: self._status() == "submitted", f"{self.name} is submitted")
        self.run = self.here.run_of(self.ref)
        self.run.state = "RUNNING"
        await until(lambda: self._status() == "running", f"{self.name} is running")
        self.contact_at = self.here.job(self.ref).row.contact_at

    def is_done(self) -> bool:
        """Whether the worker has done its duty by the job."""
        raise NotImplementedError

    async def outcome(self, expected: Outcome) -> Outcome:
        if expected is Outcome.WORKS:
            await until(self.is_done, f"{self.name}: done while {self.away} is away")
        elif self.away != db.JOBS:
            # Nobody but ourselves is to blame, and the job says so.
            sentence = str(db.Away(self.away, ""))
            await until(
                lambda: self.here.job(self.ref).row.contact_error == sentence,
                f"{self.name} names {self.away}",
            )
        row = self.here.job(self.ref).row
        assert row.held_reason == ""
        assert row.status in ("running", "collecting", "completed")
        return Outcome.WORKS if self.is_done() else Outcome.WAITS

    async def finish(self) -> None:
        await until(self.is_done, f"{self.name} is made good")
        if self.run.state != "COMPLETE":
            self.run.files, self.run.state = {"imputed.vcf.gz": RESULT}, "COMPLETE"
        await until(lambda: self._status() == "completed", f"{self.name} is completed")
        detail = self.here.job(self.ref)
        assert (detail.row.held_reason, detail.row.contact_error) == ("", "")
        assert "failed" not in [change.to_status for change in detail.history]
        assert self.here.results_of(self.ref) == ["imputed.vcf.gz"]
        self.here.run_of(self.ref)

    def _status(self) -> str:
        return self.here.job(self.ref).row.status


class Follow(RunningJob):
    """What the service says of the run is seen."""

    name = "Run to follow"

    async def try_it(self) -> None:
        self.run.state = "PAUSED"

    def is_done(self) -> bool:
        return self.here.job(self.ref).row.remote_state in ("PAUSED", "COMPLETE")


class Collect(RunningJob):
    """A run ends, and its result is fetched."""

    name = "Run to collect"

    async def try_it(self) -> None:
        self.run.files, self.run.state = {"imputed.vcf.gz": RESULT}, "COMPLETE"

    def is_done(self) -> bool:
        return self._status() == "completed"


class Probe(Duty):
    """The health of the service is checked on time, and never made up."""

    async def try_it(self) -> None:
        self._since = now()

    async def outcome(self, expected: Outcome) -> Outcome:
        if expected is Outcome.WORKS:
            await until(self._was_probed, f"a probe while {self.away} is away")
        assert self._service().health_status == "up"
        return Outcome.WORKS if expected is Outcome.WORKS else Outcome.WAITS

    async def finish(self) -> None:
        self._since = now()
        await super().finish()

    def _was_probed(self) -> bool:
        last = self._service().last_health_check
        return last is not None and last > self._since

    def _service(self) -> ImputationService:
        with db.session(db.REGISTRY) as session:
            return session.exec(select(ImputationService)).one()


class Delivery(Duty):
    """Something that one database owes another arrives, once."""

    async def try_it(self) -> None:
        self._mark = new_ref()
        self.send(self._mark)

    def send(self, mark: str) -> None:
        """Put it into the outbox."""
        raise NotImplementedError

    def arrived(self, mark: str) -> int:
        """How many have arrived."""
        raise NotImplementedError

    async def outcome(self, expected: Outcome) -> Outcome:
        if expected is Outcome.WORKS:
            await until(lambda: self.arrived(self._mark), "it arrives")
        return Outcome.WORKS if self.arrived(self._mark) else Outcome.WAITS

    async def finish(self) -> None:
        await super().finish()
        assert self.arrived(self._mark) == 1


class Notify(Delivery):
    """A message about a job."""

    async def begin(self) -> None:
        self.send("An older message")
        await until(lambda: self.arrived("An older message"), "the first message arrives")

    def send(self, mark: str) -> None:
        message = {"user_ref": self.here.rosa.user_ref, "topic": "job.completed", "title": mark}
        with db.session(db.JOBS) as session:
            emit(session, JobsOutbox, "notification", message)

    def arrived(self, mark: str) -> int:
        with db.session(db.NOTIFICATIONS) as session:
            return session.exec(select(func.count()).where(Notification.title == mark)).one()


class Audit(Delivery):
    """An entry about a change of a service."""

    def send(self, mark: str) -> None:
        with db.session(db.REGISTRY) as session:
            emit_audit(
                session,
                RegistryOutbox,
                actor=self.here.rosa,
                action="service.change",
                target_type="service",
                target_ref=mark,
            )

    def arrived(self, mark: str) -> int:
        with db.session(db.PLATFORM) as session:
            return session.exec(select(func.count()).where(AuditEntry.target_ref == mark)).one()


ALL: dict[str, type[Duty]] = {
    "livez": Livez,
    "ready": Ready,
    "sign_in": SignIn,
    "overview": Overview,
    "jobs": Jobs,
    "job": OneJob,
    "submit": Submit,
    "upload": Upload,
    "download": Download,
    "services": Services,
    "admin_services": AdminServices,
    "admin_people": AdminPeople,
    "notifications": Notifications,
    "follow": Follow,
    "collect": Collect,
    "probe": Probe,
    "notify": Notify,
    "audit": Audit,
}

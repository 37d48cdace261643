"""Duties of the worker, which nobody asks for."""

from datetime import timedelta

from sqlmodel import func, select

from app.domain.alerts import AlertKind, raise_alert
from app.domain.health_sums import HOUR, hour_of
from app.domain.outbox import emit, emit_audit
from models import db, monitoring
from models.base import new_ref, now
from models.files import FilesOutbox
from models.health import HealthHour, ServiceCanary, ServiceCheck, ServiceHealthLog
from models.jobs import Job, JobResult, JobsOutbox, JobStatusChange, Submission
from models.notifications import Notification
from models.platform import AuditEntry
from models.registry import ImputationService, RegistryOutbox
from tests.databases.duty import Duty
from tests.databases.matrix import Outcome
from tests.databases.situation import RESULT, until
from tests.support.pasts import Probe as Probed
from tests.support.pasts import add_probes
from tests.support.small_wes import Run
from tests.support.working import submit_to


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
        with db.session(db.REGISTRY) as session:
            last = session.exec(select(ServiceCheck.checked_at)).one()
        return last is not None and last > self._since

    def _service(self) -> ImputationService:
        with db.session(db.REGISTRY) as session:
            return session.exec(select(ImputationService)).one()


class Canary(Duty):
    """A small run is sent to the service, once, and followed to its end."""

    async def try_it(self) -> None:
        self._before = set(self._runs())
        self._switch(True)

    async def outcome(self, expected: Outcome) -> Outcome:
        if expected is Outcome.WORKS:
            await until(self._new_runs, f"a canary is sent while {self.away} is away")
        return Outcome.WORKS if self._new_runs() else Outcome.WAITS

    async def finish(self) -> None:
        await until(self._new_runs, "the canary is sent")
        (run,) = self._new_runs()
        self._switch(False)
        run.state = "COMPLETE"
        await until(lambda: not self._is_open(), "the canary's end is seen")
        assert len(self._new_runs()) == 1

    def _runs(self) -> list[str]:
        return [
            run.run_id
            for run in list(self.here.wes.runs.values())
            if any(tag.startswith("canary-") for tag in run.tags.values())
        ]

    def _new_runs(self) -> list[Run]:
        return [self.here.wes.runs[one] for one in self._runs() if one not in self._before]

    def _switch(self, is_on: bool) -> None:
        with db.session(db.REGISTRY) as session:
            service = session.exec(select(ImputationService)).one()
            service.check_settings = {"canary": is_on}
            check = session.get_one(ServiceCheck, service.id)
            check.canary_due_at = now()
            session.add_all([service, check])

    def _is_open(self) -> bool:
        with db.session(db.REGISTRY) as session:
            open_ones = select(func.count()).where(ServiceCanary.verdict == "")
            return session.exec(open_ones).one() > 0


class RollUp(Duty):
    """A probe of days ago is summed up, where nothing else happens any more."""

    async def try_it(self) -> None:
        self._add()

    async def outcome(self, expected: Outcome) -> Outcome:
        if expected is Outcome.WORKS:
            await until(self._is_summed_up, "it is summed up")
        return Outcome.WORKS if self._is_summed_up() else Outcome.WAITS

    async def finish(self) -> None:
        await super().finish()
        self._add()
        await super().finish()

    def _add(self) -> None:
        probe = Probed(now() - timedelta(days=20))
        self._hour = hour_of(probe.checked_at)
        add_probes(self._service_id(), [probe])

    def _is_summed_up(self) -> bool:
        with db.session(db.REGISTRY) as session:
            summed = session.exec(
                select(HealthHour.probes).where(HealthHour.starts_at == self._hour)
            ).first()
            raw = session.exec(
                select(func.count())
                .select_from(ServiceHealthLog)
                .where(
                    ServiceHealthLog.checked_at >= self._hour,
                    ServiceHealthLog.checked_at < self._hour + HOUR,
                )
            ).one()
        return summed == raw

    def _service_id(self) -> int:
        with db.session(db.REGISTRY) as session:
            return session.exec(select(ImputationService.id)).one() or 0


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


class Clear(Delivery):
    """A result is deleted here, and its job says so."""

    async def begin(self) -> None:
        facts = {"owner_ref": self.here.rosa.user_ref, "dataset_ref": self.here.dataset_ref}
        job = {"service_ref": self.here.service_ref, "service_name": "Small", "panel_ref": "p"}
        with db.session(db.JOBS) as session:
            submission = Submission(
                **facts, name="Cleared", dataset_name="", idempotency_key=new_ref()
            )
            session.add(submission)
            session.flush()
            made = Job(
                **facts,
                **job,
                submission_id=submission.id or 0,
                name="Cleared",
                dataset_name="",
                panel_name="",
                status="completed",
            )
            session.add(made)
            self._job_ref = made.ref

    def send(self, mark: str) -> None:
        with db.session(db.JOBS) as session:
            job_id = session.exec(select(Job.id).where(Job.ref == self._job_ref)).one()
            session.add(
                JobResult(job_id=job_id or 0, name="imputed.vcf.gz", state="fetched", file_ref=mark)
            )
        deleted = {"job_ref": self._job_ref, "file_refs": [mark], "at": now().isoformat()}
        with db.session(db.FILES) as session:
            emit(session, FilesOutbox, "results_deleted", deleted | {"by": "Rosa", "reason": mark})

    def arrived(self, mark: str) -> int:
        with db.session(db.JOBS) as session:
            told = select(func.count()).where(JobStatusChange.reason.contains(mark))
            return session.exec(told).one()


class Alert(Delivery):
    """An alert about the service."""

    def send(self, mark: str) -> None:
        with db.session(db.REGISTRY) as session:
            raise_alert(
                session,
                kind=AlertKind.CERTIFICATE,
                service=session.exec(select(ImputationService)).one(),
                title=mark,
                body="",
                once=mark,
            )

    def arrived(self, mark: str) -> int:
        with db.session(db.MONITORING) as session:
            found = select(func.count()).where(monitoring.Alert.title == mark)
            return session.exec(found).one()

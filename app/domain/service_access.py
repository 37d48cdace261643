"""Who may use which service, how much of it in a month, and who manages it.

What is said of a person comes before what is said of everybody; of whom nothing is said may use a
service without limit.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, func, select

from app.domain.access import SERVICE_MANAGE, Actor, require, require_service
from app.domain.errors import Conflict, Invalid, NotFound
from app.domain.outbox import emit_audit
from app.domain.service_lookup import service_of
from app.domain.versions import check_version, version_of
from models import db
from models.base import now
from models.users import ServiceAccess, User, UsersOutbox

MOST_JOBS_PER_MONTH = 1_000_000


@dataclass(frozen=True)
class Access:
    """What a person may do with a service.

    `jobs_per_month` is None without a limit; `used` is how many the person has submitted to it this
    month (`app.domain.job_quotas`), which counts only where there is a limit.
    """

    may_use: bool = True
    jobs_per_month: int | None = None
    used: int = 0

    @property
    def left(self) -> int | None:
        """How many jobs may still be submitted this month; None without a limit."""
        return None if self.jobs_per_month is None else max(0, self.jobs_per_month - self.used)


NO_LIMIT = Access()


def access_of(session: Session, *, actor: Actor, user_ref: str = "") -> dict[str, Access]:
    """What is said of the actor's own access, or of a person's, by the services' refs.

    A service that is not in it may be used without limit. `session` is of `user_management_db`.
    """
    if user_ref not in ("", actor.user_ref):
        require(actor, "user:read")
    wanted = col(ServiceAccess.user_ref).in_(["", user_ref or actor.user_ref])
    rows = session.exec(select(ServiceAccess).where(wanted).order_by(col(ServiceAccess.user_ref)))
    # What is said of the person comes behind what is said of everybody, and so in its place.
    return {row.service_ref: Access(row.may_use, row.jobs_per_month) for row in rows}


def add_access(
    session: Session, *, actor: Actor, values: Mapping[str, str], parent: str = ""
) -> str:
    """Say what a person, or everybody, may do with a service; return the ref of that.

    `values` are the texts `service`, `person` (an e-mail address; empty for everybody) and those of
    `change_access`. `parent` is the ref of the service or of the person on whose page it is said.
    """
    require(actor, SERVICE_MANAGE)
    user = _user_of(session, values, parent)
    service_ref = values.get("service") or ("" if user and user.ref == parent else parent)
    if not service_ref:
        raise Invalid("Choose the service.", field="service")
    require_service(actor, "service:write", service_ref)
    _require_right_to_appoint(actor, may_manage=values.get("may_manage") == "yes")
    row = ServiceAccess(service_ref=service_ref, user_ref=user.ref if user else "")
    _fill(row, values)
    # Two that are added at once, by a double click, must not both be the first.
    place = f"access {service_ref} {row.user_ref}"
    session.exec(select(func.pg_advisory_xact_lock(func.hashtextextended(place, 0))))
    known = select(ServiceAccess.ref).where(
        ServiceAccess.service_ref == service_ref, ServiceAccess.user_ref == row.user_ref
    )
    if session.exec(known).first() is not None:
        raise Conflict("That is said already. Change what is there.")
    session.add(row)
    session.flush()
    _audit(session, actor, row, "access:add", after=_facts(row))
    return row.ref


def access_form(session: Session, *, actor: Actor, ref: str) -> dict[str, str]:
    """The texts of `change_access`, with the version."""
    require(actor, SERVICE_MANAGE)
    row = _row(session, ref)
    require_service(actor, "service:write", row.service_ref)
    return {
        "may_use": "yes" if row.may_use else "",
        "may_manage": "yes" if row.may_manage else "",
        "jobs_per_month": "" if row.jobs_per_month is None else str(row.jobs_per_month),
        "version": version_of(row.updated_at),
    }


def change_access(
    session: Session, *, actor: Actor, ref: str, values: Mapping[str, str], version: str
) -> None:
    """Change what is said: `may_use` and `may_manage` (`yes` or empty), and `jobs_per_month`."""
    require(actor, SERVICE_MANAGE)
    row = _row(session, ref, lock=True)
    require_service(actor, "service:write", row.service_ref)
    may_manage = values.get("may_manage") == "yes"
    _require_right_to_appoint(actor, may_manage=may_manage is not row.may_manage)
    check_version(row.updated_at, version, "This access")
    before = _facts(row)
    _fill(row, values)
    row.updated_at = now()
    session.add(row)
    _audit(session, actor, row, "access:change", before=before, after=_facts(row))


def remove_access(session: Session, *, actor: Actor, ref: str) -> str:
    """Say no more of it: what is said of everybody holds, or else use without limit."""
    require(actor, SERVICE_MANAGE)
    row = _row(session, ref, lock=True)
    require_service(actor, "service:write", row.service_ref)
    _require_right_to_appoint(actor, may_manage=row.may_manage)
    session.delete(row)
    _audit(session, actor, row, "access:remove", before=_facts(row))
    return "What is said of everybody holds now, or else there is no limit."


def month_of(moment: datetime) -> datetime:
    """When the month of a moment began, in UTC."""
    return moment.replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def next_month_begins() -> str:
    """When a used-up number is whole again, in a sentence."""
    start = month_of(month_of(now()) + timedelta(days=32))
    return f"The next month begins on {start.day} {start:%B %Y} (UTC)."


def why_no_access(access: Access, service_name: str) -> str:
    """Why a person cannot submit to a service now, with the cure; empty if they can."""
    if not access.may_use:
        return f"You may not use {service_name}. Ask an administrator if you need it."
    if access.left == 0:
        return (
            f"You have submitted the {access.jobs_per_month:,} jobs that you may submit to "
            f"{service_name} in a month. {next_month_begins()}"
        )
    return ""


def what_is_left(access: Access, service_name: str) -> str:
    """How much of a person's month at a service is left; empty without a limit."""
    if access.left is None:
        return ""
    return f"You may submit {access.left:,} more to {service_name} this month."


def _require_right_to_appoint(actor: Actor, *, may_manage: bool) -> None:
    """Who manages one service does not make or unmake others who do."""
    if may_manage:
        require(actor, "service:write")


def _user_of(session: Session, values: Mapping[str, str], parent: str) -> User | None:
    email = values.get("person", "").strip().lower()
    wanted = User.email == email if email else User.ref == parent
    user = session.exec(select(User).where(wanted)).first()
    if user is None and email:
        raise Invalid(f"There is nobody with the address {email}.", field="person")
    return user


def _fill(row: ServiceAccess, values: Mapping[str, str]) -> None:
    row.may_use = values.get("may_use") == "yes"
    row.may_manage = values.get("may_manage") == "yes"
    row.jobs_per_month = _number(values.get("jobs_per_month", ""))
    if row.may_manage and not row.user_ref:
        raise Invalid("Name the person who manages it: not everybody can.", field="may_manage")


def _number(text: str) -> int | None:
    text = text.strip()
    if not text:
        return None
    if not text.isdecimal() or len(text) > 9 or int(text) > MOST_JOBS_PER_MONTH:
        raise Invalid(
            f"Give a number from 0 to {MOST_JOBS_PER_MONTH:,}, or nothing for no limit.",
            field="jobs_per_month",
        )
    return int(text)


def _row(session: Session, ref: str, *, lock: bool = False) -> ServiceAccess:
    wanted = select(ServiceAccess).where(ServiceAccess.ref == ref)
    row = session.exec(wanted.with_for_update() if lock else wanted).first()
    if row is None:
        raise NotFound("access")
    return row


def _facts(row: ServiceAccess) -> dict[str, object]:
    return {
        "may_use": row.may_use,
        "may_manage": row.may_manage,
        "jobs_per_month": row.jobs_per_month,
    }


def _audit(
    session: Session,
    actor: Actor,
    row: ServiceAccess,
    action: str,
    *,
    before: Mapping[str, object] | None = None,
    after: Mapping[str, object] | None = None,
) -> None:
    """Note it for the service, with whom it is about, and wake the pages that show it."""
    with db.session(db.REGISTRY) as registry:
        service_name = service_of(registry, row.service_ref).name
    user = session.exec(select(User).where(User.ref == row.user_ref)).first()
    who = {"service": service_name, "person": user.email if user else "everybody"}
    emit_audit(
        session,
        UsersOutbox,
        actor=actor,
        action=action,
        target_type="service_access",
        target_ref=row.ref,
        target_name=f"{who['person']} at {service_name}",
        before=None if before is None else {**who, **before},
        after=None if after is None else {**who, **after},
    )
    db.announce(session, "service_access", row.service_ref, owner_ref=row.user_ref)

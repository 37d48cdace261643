"""Warnings that a certificate or a token ends soon, each some days before, once.

Where several are due at once (a token that ends tomorrow was entered today) only the last is given.
While nobody is told of a service (silenced, in maintenance), a warning waits.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from app.config import settings
from app.domain.alerts import AlertKind, muted, raise_alert
from app.domain.token_expiry import TokenEnd
from app.domain.token_words import ASK_AGAIN, audience_of, has_ended, warning_of, whose_token
from models.base import now
from models.health import ServiceCheck
from models.registry import ImputationService

DAY = timedelta(days=1)


def warn_of_certificates(session: Session) -> int:
    """Tell those who look after services whose certificate ends soon; how many were told of."""
    thresholds = warning_days(settings().expiry_warning_days)
    soon = now() + thresholds[-1] * DAY
    rows = session.exec(
        select(ImputationService, ServiceCheck)
        .join(ServiceCheck, col(ServiceCheck.service_id) == ImputationService.id)
        .where(
            col(ImputationService.is_active),
            col(ImputationService.retired_at).is_(None),
            col(ServiceCheck.certificate_expires_at) <= soon,
        )
    ).all()
    quiet = muted(session, [check.service_id for _, check in rows])
    told = 0
    for service, check in rows:
        ends = check.certificate_expires_at
        if ends is None or check.service_id in quiet:
            continue
        days = _threshold(ends, thresholds)
        told += raise_alert(
            session,
            kind=AlertKind.CERTIFICATE,
            service=service,
            title=f"The certificate of {service.name} {_ends(ends)}",
            body=f"It is from {check.certificate.get('issuer', 'somebody unknown')}. From then on "
            "nothing can be sent there: tell the service's operators, who must renew it.",
            once=f"{check.certificate.get('fingerprint', '')}:{days}",
        )
    return told


def warn_of_tokens(session: Session, *, ends: Sequence[TokenEnd]) -> int:
    """Tell each token's owner, or the administrators of a shared one; how many were told of.

    The session is of the registry; `ends` come from `token_expiry.token_ends`.
    """
    thresholds = warning_days(settings().token_warning_days)
    services = session.exec(
        select(ImputationService).where(
            col(ImputationService.ref).in_([one.service_ref for one in ends]),
            col(ImputationService.is_active),
            col(ImputationService.retired_at).is_(None),
        )
    ).all()
    by_ref = {service.ref: service for service in services}
    quiet = muted(session, [service.id or 0 for service in services])
    told = 0
    for one in ends:
        service = by_ref.get(one.service_ref)
        if service is None or (service.id or 0) in quiet:
            continue
        days = _threshold(one.expires_at, thresholds)
        told += raise_alert(
            session,
            kind=AlertKind.TOKEN,
            service=service,
            title=f"{whose_token(is_shared=not one.user_ref)} for {service.name} "
            f"{_ends(one.expires_at)}",
            body=f"{ASK_AGAIN} With a token that has ended, runs are refused there.",
            once=warning_of(one.credential_ref, one.expires_at, days),
            audience=audience_of(one.user_ref),
        )
    return told


def soonest_warning() -> datetime:
    """A token that ends before then may be due for a warning."""
    return now() + warning_days(settings().token_warning_days)[-1] * DAY


def warning_days(text: str) -> list[int]:
    """So many days before an end people are told, in rising order; parts that are none are left."""
    return sorted({int(part) for part in text.split(",") if part.strip().isdigit()}) or [0]


def _threshold(ends: datetime, thresholds: Sequence[int]) -> int:
    """The last warning that is due."""
    left = ends - now()
    return next((days for days in thresholds if left <= days * DAY), thresholds[-1])


def _ends(ends: datetime) -> str:
    """How it ends, such as “ends in 13 days, on 2026-12-06”."""
    left, day = ends - now(), f"{ends:%Y-%m-%d}"
    if left <= timedelta(0):
        return has_ended(ends)
    days = left // DAY
    return (
        f"ends in {days} days, on {day}" if days > 1 else f"ends within {days + 1} days, on {day}"
    )

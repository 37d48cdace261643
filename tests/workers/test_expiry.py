"""People are told in good time, and once, that certificates and tokens end."""

import asyncio
import base64
import json
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update
from sqlmodel import select

from app.config import settings
from app.domain import credentials
from app.domain.access import WORKER
from app.domain.token_expiry import end_of
from models import db
from models.base import now
from models.health import ServiceCheck
from models.registry import ImputationService, RegistryOutbox
from tests.support.filling import add_service
from tests.support.submitting import actor
from workers.expiry import warn

ROSA = actor("Rosa", "researcher")
DAY = timedelta(days=1)


@pytest.fixture
def service_ref(databases: None) -> str:
    return add_service(WORKER, "ILIFU", "https://wes.example.org")


def certificate_ends(left: timedelta, fingerprint: str = "aa") -> None:
    with db.session(db.REGISTRY) as session:
        session.connection().execute(
            update(ServiceCheck).values(
                certificate={"fingerprint": fingerprint, "issuer": "An authority"},
                certificate_expires_at=now() + left,
            )
        )


def told(topic: str = "alert") -> list[dict]:
    asyncio.run(warn())
    with db.session(db.REGISTRY) as session:
        wanted = select(RegistryOutbox).where(RegistryOutbox.topic == topic)
        return [row.payload for row in session.exec(wanted.order_by(RegistryOutbox.id))]


def jwt(ends: datetime, **claims: object) -> str:
    parts = ({"alg": "none"}, {"exp": ends.timestamp(), **claims})
    texts = [base64.urlsafe_b64encode(json.dumps(one).encode()).decode() for one in parts]
    return ".".join([*(text.rstrip("=") for text in texts), "c2lnbmF0dXJl"])


def test_each_threshold_of_a_certificate_is_told_once(service_ref: str) -> None:
    assert settings().expiry_warning_days == "30,14,7,2,0"
    counts = []
    for days in (40, 31, 29.5, 29, 15, 13.5, 8, 6.5, 3, 1.5, 0.5, -0.5, -20):
        certificate_ends(days * DAY)
        counts.append(len(told()))
    assert counts == [0, 0, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
    titles = [one["title"] for one in told("announcement")]
    assert titles[0].startswith("The certificate of ILIFU ends in 29 days, on 20")
    assert titles[-1].startswith("The certificate of ILIFU has ended on 20")
    # A new one has its own warnings, of which only the last that is due is given.
    certificate_ends(5 * DAY, "bb")
    assert len(told()) == 6


def test_a_warning_waits_while_nobody_is_told_of_the_service(service_ref: str) -> None:
    certificate_ends(5 * DAY)
    with db.session(db.REGISTRY) as session:
        session.exec(select(ImputationService)).one().silenced_until = now() + DAY
    assert told() == []
    with db.session(db.REGISTRY) as session:
        session.exec(select(ImputationService)).one().silenced_until = now() - DAY
    assert len(told()) == 1


def test_the_end_of_a_token_is_told_to_its_owner_and_of_a_shared_one_to_administrators(
    service_ref: str,
) -> None:
    own, shared = jwt(now() + 6 * DAY), jwt(now() - DAY)
    with db.session(db.USERS) as session:
        credentials.set_token(session, actor=ROSA, service_ref=service_ref, token=own)
        credentials.set_token(
            session, actor=WORKER, service_ref=service_ref, token=shared, shared=True
        )
    alerts = told()
    assert told() == alerts
    assert len(alerts) == 2
    (mine,) = told("notification")
    assert mine["user_ref"] == ROSA.user_ref
    assert mine["title"].startswith("Your token for ILIFU ends in 5 days")
    (ours,) = told("announcement")
    assert ours["title"].startswith("The lab's token for ILIFU has ended")
    everything = json.dumps([alerts, mine, ours])
    assert own not in everything
    assert own.split(".")[1] not in everything


def test_a_token_is_warned_of_from_a_week_before_its_end_on_and_once(service_ref: str) -> None:
    assert settings().token_warning_days == "7,2,0"
    told_of = []
    for days in (29, 13, 7.5, 6.5, 1.5, -0.5):
        with db.session(db.USERS) as session:
            token = jwt(now() + days * DAY)
            credentials.set_token(session, actor=ROSA, service_ref=service_ref, token=token)
        told_of.append((len(told()), len(told())))
    assert told_of == [(0, 0), (0, 0), (0, 0), (1, 1), (2, 2), (3, 3)]


@pytest.mark.parametrize(
    "token",
    [
        "a plain token",
        "a.b.c",
        "..",
        "x.eyJleHAiOiJuZXZlciJ9.y",
        "x.bnVsbA.y",
        "x.eyJleHAiOjFlMzB9.y",
    ],
)
def test_a_token_that_does_not_say_when_it_ends_is_left_alone(token: str) -> None:
    assert end_of(token) is None
    assert end_of(jwt(datetime(2027, 1, 1, tzinfo=UTC))) == datetime(2027, 1, 1, tzinfo=UTC)

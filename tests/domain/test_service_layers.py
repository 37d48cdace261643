"""A layer's history has a row per change, however many probes there were."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from sqlmodel import col, select

from app.domain import service_layers, services
from app.domain.access import WORKER
from app.domain.errors import NotAllowed, NotFound
from app.domain.health import Finding, Health, Layer, LayerFinding, Verdict
from app.domain.service_fields import parse_service
from models import db
from models.base import now
from models.health import ServiceCheck, ServiceLayer
from tests.support.submitting import actor

START = now().replace(microsecond=0) - timedelta(days=1)
ROSA = actor("Rosa", "researcher")
GOOD = LayerFinding(Layer.REACHABLE, Verdict.PASSED)


def add(name: str) -> str:
    with db.session(db.REGISTRY) as session:
        fields = parse_service({"name": name, "base_url": "https://wes.example.org"})
        return services.add_service(session, actor=WORKER, fields=fields).ref


@pytest.fixture
def service_ref(databases: None) -> str:
    return add("ILIFU")


def finding(service_ref: str, minute: float, *layers: LayerFinding) -> Finding:
    return Finding(service_ref, Health.UP, START + timedelta(minutes=minute), layers=layers)


def write(*findings: Finding) -> int:
    with db.session(db.REGISTRY) as session:
        return service_layers.write(session, findings)


def stretches() -> Sequence[ServiceLayer]:
    with db.session(db.REGISTRY) as session:
        return session.exec(select(ServiceLayer).order_by(col(ServiceLayer.id))).all()


def failed(layer: Layer, detail: str) -> LayerFinding:
    return LayerFinding(layer, Verdict.FAILED, detail)


def test_there_is_one_row_per_change_however_many_probes(service_ref: str) -> None:
    other = add("Other")
    for minute in range(50):
        write(finding(service_ref, minute, GOOD), finding(other, minute, GOOD))
    assert write(finding(service_ref, 50, failed(Layer.REACHABLE, "no answer within 19.8 s"))) == 1
    for minute in range(51, 60):
        slow = failed(Layer.REACHABLE, f"no answer within {minute}.3 s")
        write(finding(service_ref, minute, slow), finding(other, minute, GOOD))
    write(finding(service_ref, 60, failed(Layer.REACHABLE, "refused")))
    write(finding(service_ref, 61, GOOD))
    with db.session(db.REGISTRY) as session:
        found = service_layers.layer_history(session, actor=ROSA, service_ref=service_ref)
    minutes = [
        (one.verdict.value, (one.since - START) // timedelta(minutes=1), one.until is None)
        for one in reversed(found)
    ]
    assert minutes == [
        ("passed", 0, False),
        ("failed", 50, False),
        ("failed", 60, False),
        ("passed", 61, True),
    ]
    assert all(one.until == after.since for after, one in pairwise(found))
    assert len(stretches()) == 5


def test_a_renewed_certificate_is_a_stretch_of_its_own_although_only_numbers_differ(
    service_ref: str,
) -> None:
    for minute, day in enumerate(("2027-01-01", "2027-01-01", "2027-03-01")):
        valid = LayerFinding(Layer.TLS, Verdict.PASSED, f"Valid until {day}, from X.")
        write(finding(service_ref, minute, valid))
        # That TLS works is seen by every probe, without a look at the certificate.
        write(finding(service_ref, minute + 0.5, LayerFinding(Layer.TLS, Verdict.PASSED)))
    assert [row.detail[12:22] for row in stretches()] == ["2027-01-01", "2027-03-01"]


def test_a_finding_that_comes_late_rewrites_nothing_and_one_batch_may_hold_two(
    service_ref: str,
) -> None:
    write(finding(service_ref, 10, GOOD))
    assert write(finding(service_ref, 5, failed(Layer.REACHABLE, "refused"))) == 0
    later = finding(service_ref, 12, failed(Layer.REACHABLE, "b\x00ad"))
    assert write(later, finding(service_ref, 11, GOOD)) == 1
    assert [(row.verdict, row.detail) for row in stretches()][1:] == [("failed", "bad")]
    assert write(finding("no such service", 1, GOOD)) == 0


def test_the_layers_now_say_what_they_rest_on_and_when_they_are_looked_at_next(
    service_ref: str,
) -> None:
    write(
        finding(
            service_ref,
            0,
            GOOD,
            failed(Layer.TLS, "The certificate expired."),
            LayerFinding(Layer.CREDENTIALS, Verdict.PASSED),
        )
    )
    with db.session(db.REGISTRY) as session:
        rows = service_layers.layers_of(session, actor=ROSA, service_ref=service_ref)
        check = session.exec(select(ServiceCheck)).one()
    by_layer = {row.layer: row for row in rows}
    assert list(by_layer) == list(Layer)
    assert by_layer[Layer.TLS].rests_on is None
    assert by_layer[Layer.CREDENTIALS].rests_on is Layer.TLS
    assert (by_layer[Layer.PANELS].verdict, by_layer[Layer.CANARY].next_look_at) == ("", None)
    # A certificate that fails is looked at again soon, a credential after a quarter of an hour.
    assert check.certificate_due_at - START == timedelta(minutes=5)
    assert check.credentials_due_at - START == timedelta(minutes=15)


def test_layers_are_for_those_who_may_see_services(service_ref: str) -> None:
    nobody = actor("Nobody", "researcher")
    nobody = type(nobody)("x", "x", "", frozenset())
    with db.session(db.REGISTRY) as session:
        with pytest.raises(NotAllowed):
            service_layers.layers_of(session, actor=nobody, service_ref=service_ref)
        with pytest.raises(NotFound):
            service_layers.layer_history(session, actor=ROSA, service_ref="none")


def test_the_history_can_be_cut(service_ref: str) -> None:
    write(finding(service_ref, 0, GOOD))
    write(finding(service_ref, 30, failed(Layer.REACHABLE, "refused")))
    since: datetime = START + timedelta(minutes=40)
    with db.session(db.REGISTRY) as session:
        found = service_layers.layer_history(
            session, actor=ROSA, service_ref=service_ref, since=since
        )
    assert [one.verdict for one in found] == [Verdict.FAILED]

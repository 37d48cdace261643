"""What changed at a service is told as a difference, when it happens and once."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from app.connectors.base import ServiceFacts
from app.connectors.offers import OfferedParameter, PanelOffer
from app.connectors.wes_parse import service_facts
from app.domain import panel_changes, service_changes, services
from app.domain.access import WORKER
from app.domain.health import Finding, Health
from app.domain.panel_changes import PanelFields
from app.domain.service_changes import ChangeRow
from app.domain.service_description import compare, digest, in_words
from app.domain.service_fields import parse_service
from app.domain.service_info import facts_as_json
from models import db
from models.base import now
from tests.support.submitting import actor

CAPTURES = Path(__file__).resolve().parents[3] / "shared" / "captures"
ROSA = actor("Rosa", "researcher")
FACTS = ServiceFacts(
    name="Kit",
    version="2.1",
    workflow_engines={"nextflow": ("23", "24")},
    filesystem_protocols=("file", "http"),
    default_parameters=({"name": "memory", "type": "int", "default_value": "4"},),
    state_counts={"RUNNING": 1},
)


@pytest.fixture
def service_ref(databases: None) -> str:
    with db.session(db.REGISTRY) as session:
        fields = parse_service({"name": "ILIFU", "base_url": "https://wes.example.org"})
        return services.add_service(session, actor=WORKER, fields=fields).ref


def probe(service_ref: str, facts: ServiceFacts | None = None, **rest: Any) -> None:
    finding = Finding(service_ref, Health.UP, now(), facts=facts, **rest)
    with db.session(db.REGISTRY) as session:
        service_changes.follow(session, [finding])


def history(service_ref: str) -> list[ChangeRow]:
    with db.session(db.REGISTRY) as session:
        return service_changes.changes_of(session, actor=ROSA, service_ref=service_ref)


def test_a_change_is_a_difference_that_is_told_once(service_ref: str) -> None:
    probe(service_ref, FACTS)
    busy = replace(FACTS, state_counts={"RUNNING": 9}, raw={"x": 1}, maintenance="Tonight")
    shuffled = replace(busy, filesystem_protocols=("http", "file"))
    for facts in (FACTS, busy, shuffled):
        probe(service_ref, facts)
    assert history(service_ref) == []
    later = replace(
        FACTS,
        filesystem_protocols=("file", "s3"),
        workflow_engines={"nextflow": ("24", "25"), "toil": ("9",)},
        default_parameters=(),
    )
    for _ in range(3):
        probe(service_ref, later)
    (kit,) = [one for one in history(service_ref) if one.kind == "software"]
    assert len(history(service_ref)) == 1
    assert kit.details == [
        "Engine nextflow: 25 added; 23 removed.",
        "Engine toil: 9, new.",
        "File systems: s3 added; http removed.",
        "Parameter memory: gone, before int, by default 4.",
    ]
    assert kit.changes["File systems"] == [["file", "http"], ["file", "s3"]]
    probe(service_ref, replace(later, version="2.2"))
    newest = history(service_ref)[0]
    assert newest.text == "The software changed from Kit 2.1 to Kit 2.2."
    assert newest.details == ["Version: 2.2, before 2.1."]
    with db.session(db.REGISTRY) as session:
        row = services.get_service(session, actor=ROSA, service_ref=service_ref)
    assert row.service_info["version"] == "2.2"


def test_a_change_that_is_none_of_the_software_says_itself(service_ref: str) -> None:
    probe(service_ref, FACTS)
    probe(service_ref, replace(FACTS, filesystem_protocols=("file", "http", "s3\x00")))
    (told,) = history(service_ref)
    assert (told.kind, told.text, told.details) == ("description", "File systems: s3 added.", [])


def test_what_postgresql_cannot_hold_is_left_out_whether_it_is_said_first_or_later(
    service_ref: str,
) -> None:
    for name in ("Kit\x00\ud800", "Toil\ud800"):
        said = replace(FACTS, name=name, raw={"\x00key": [name]})
        probe(service_ref, said)
        probe(service_ref, said)
    assert [one.text for one in history(service_ref)] == [
        "The software changed from Kit? 2.1 to Toil? 2.1."
    ]


def test_a_service_at_another_address_has_not_changed(service_ref: str) -> None:
    probe(service_ref, FACTS)
    with db.session(db.REGISTRY) as session:
        fields = parse_service({"name": "ILIFU", "base_url": "https://other.example.org"})
        services.change_service(session, actor=WORKER, service_ref=service_ref, fields=fields)
    probe(service_ref, replace(FACTS, name="Other"))
    assert history(service_ref) == []


def certificate(fingerprint: str, **facts: Any) -> dict[str, Any]:
    return {
        "subject_names": ["wes.example.org"],
        "issuer": "An authority",
        "starts_at": datetime(2026, 1, 1, tzinfo=UTC).isoformat(),
        "expires_at": datetime(2027, 1, 1, tzinfo=UTC).isoformat(),
        "fingerprint": fingerprint,
        "problem": "",
        **facts,
    }


def test_another_certificate_is_a_change_and_the_first_one_is_none(service_ref: str) -> None:
    probe(service_ref, certificate=certificate("aa"))
    probe(service_ref, certificate=certificate("aa", problem="certificate has expired"))
    assert history(service_ref) == []
    probe(service_ref, certificate=certificate("bb", issuer="Somebody else"))
    (told,) = history(service_ref)
    assert told.text.startswith("Another certificate is in use: valid until 2027-01-01")
    assert told.details == [
        "Fingerprint: bb, before aa.",
        "Issued by: Somebody else, before An authority.",
    ]


def test_panels_that_a_service_lists_or_that_people_describe_here_are_followed(
    service_ref: str,
) -> None:
    def listed(*offers: PanelOffer) -> None:
        with db.session(db.REGISTRY) as session:
            service_changes.panels_seen(session, service_ref=service_ref, offers=offers)

    hrc = PanelOffer("hrc", "HRC", build="GRCh37", sample_count=32470)
    listed(hrc)
    probe(service_ref, FACTS)
    listed(hrc)
    assert history(service_ref) == []
    listed(replace(hrc, sample_count=32475), PanelOffer("afr", "African"))
    (change,) = history(service_ref)
    assert (change.text, change.details) == (
        "At the service: Panel afr: African, new. "
        "Panel hrc: HRC, GRCh37, 32,475 samples, before HRC, GRCh37, 32,470 samples.",
        [],
    )
    field = OfferedParameter("phasing", "Phasing", "list", "eagle", {"eagle": "Eagle"})
    listed(replace(hrc, sample_count=32475, parameters=[field]), PanelOffer("afr", "African"))
    assert history(service_ref)[0].text == "At the service: Form of panel hrc: changed."
    fields = PanelFields(panel_id="1kg", name="1000 Genomes", build="hg38")
    with db.session(db.REGISTRY) as session:
        panel = panel_changes.upsert_panel(
            session, actor=WORKER, service_ref=service_ref, fields=fields
        )
        panel_changes.retire_panel(session, actor=WORKER, panel_ref=panel.ref)
    assert [one.text for one in history(service_ref)[:2]] == [
        "Panel 1kg: gone, before 1000 Genomes, GRCh38.",
        "Panel 1kg: 1000 Genomes, GRCh38, new.",
    ]


def test_a_researcher_learns_what_changed_since_the_last_job_there(service_ref: str) -> None:
    probe(service_ref, FACTS)
    before = now()
    probe(service_ref, replace(FACTS, version="2.2"))
    probe(service_ref, certificate=certificate("aa"))
    probe(service_ref, certificate=certificate("bb"))

    def since(moment: datetime) -> Sequence[ChangeRow]:
        with db.session(db.REGISTRY) as session:
            found = service_changes.changed_for(
                session, actor=ROSA, since={service_ref: moment, "other": before}
            )
        return found.get(service_ref, [])

    # A certificate is the operators' business.
    assert [one.kind for one in since(before)] == ["software"]
    assert since(now() + timedelta(seconds=1)) == []


def captured(name: str) -> dict[str, Any]:
    path = CAPTURES / f"{name}_service-info.json"
    if not path.exists():
        pytest.skip(f"no recorded answers: {CAPTURES.name}/{path.name} is not here")
    return facts_as_json(service_facts(json.loads(path.read_text())["body"]))


def test_real_services_differ_in_words_and_not_from_themselves() -> None:
    toil, sapporo = captured("toil_01"), captured("sapporo_01")
    later = {**toil, "state_counts": {"COMPLETE": 99}}
    assert compare(toil, later) == {}
    assert digest(toil) == digest(later) != digest(sapporo)
    words = in_words(compare(toil, sapporo))
    assert "Version: 2.4.0, before 9.6.0." in words
    assert "Name: sapporo-service, new." in words
    assert "Engine toil: 9.5.0 added; 9.6.0 removed." in words
    assert "Workflow language WDL: 1.0, new." in words

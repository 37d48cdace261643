"""What a form says about a service becomes its fields, and back."""

import pytest

from app.domain.errors import Invalid
from app.domain.known_services import KNOWN, known_service, retired_at
from app.states.service_form import empty_form, fields_of, form_of, form_of_known
from app.states.service_item import milliseconds, queue_text
from tests.domain.test_services import add

TYPED = empty_form() | {
    "name": " ILIFU ",
    "country": "za",
    "is_active": "on",
    "max_samples": "500",
    "max_file_gib": "2.5",
    "shared_remote": "/out",
    "shared_local": "/mnt/wes",
    "workflow_engine": "cwltool",
    "check_interval_seconds": "60",
    "check_confirmations": "2",
    "check_canary": "on",
}


def test_the_form_of_a_saved_service_says_what_was_typed(databases):
    fields = fields_of(TYPED, base_url="https://wes.example.org/", api_type="wes")
    assert (fields.name, fields.country, fields.is_active) == ("ILIFU", "ZA", True)
    assert fields.limits.max_file_bytes == 2.5 * 1024**3
    row = add(**fields.model_dump())
    form = form_of(row)
    assert form == TYPED | {"name": "ILIFU", "country": "ZA", "is_active": True} | {
        "check_canary": True
    }
    assert row.check_settings == {"interval_seconds": 60, "confirmations": 2, "canary": True}
    again = fields_of(form, base_url=row.base_url, api_type="wes")
    assert again == fields


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("name", ""),
        ("country", "zaf"),
        ("max_samples", "many"),
        ("max_samples", "-1"),
        ("max_file_gib", "two"),
        ("max_file_gib", "inf"),
        ("max_file_gib", "nan"),
        ("max_concurrent_jobs", "0"),
        ("shared_remote", "out"),
        ("check_interval_seconds", "0"),
        ("check_confirmations", "2.5"),
        ("check_slow_ms", "nan"),
        ("shared_local", "/"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field(databases, name, value):
    with pytest.raises(Invalid) as refused:
        fields_of(TYPED | {name: value}, base_url="https://wes.example.org", api_type="wes")
    assert refused.value.field == name


def test_a_form_from_nowhere_is_refused_and_nothing_breaks(databases):
    with pytest.raises(Invalid):
        fields_of({"name": ["x"], "limits": {"a": 1}, "is_active": {}}, base_url="", api_type="wes")


def test_figures_read_well():
    assert [milliseconds(ms) for ms in (None, 8.24, 676.4, 2400)] == [
        "–",
        "8.2 ms",
        "676 ms",
        "2.4 s",
    ]
    assert queue_text(None, None) == "–"
    assert queue_text(3, 3) == "3 queued, 3 running"


def test_a_known_service_fills_the_form_and_its_limits_are_confirmed_as_of_when_they_were_read():
    known = known_service("topmed")
    form = dict(form_of_known(known)) | {"max_samples": "10000", "max_downloads": "50"}
    fields = fields_of(form, base_url=known.base_url, api_type=known.api_type, known=known)
    assert (fields.name, fields.country) == ("TOPMed Imputation Server", "US")
    assert (fields.limits.min_samples, fields.limits.max_samples) == (20, 10_000)
    assert fields.limits_confirmed["max_downloads"] == known.as_of
    assert "max_samples" not in fields.limits_confirmed


@pytest.mark.parametrize("known", KNOWN, ids=lambda known: known.key)
def test_every_known_service_can_be_added_as_it_is(known):
    address = known.base_url or "https://wes.example.org"
    fields = fields_of(form_of_known(known), base_url=address, api_type=known.api_type)
    assert fields.base_url == address
    assert retired_at(address) is None
    assert {name: getattr(fields.limits, name) for name in known.limits} == known.limits


def test_a_retired_address_is_known_as_such():
    assert retired_at("https://impute.afrigen-d.org/api/v2").name.startswith("H3Africa")

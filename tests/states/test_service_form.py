"""What a form says about a service becomes its fields, and back."""

import pytest

from app.domain.errors import Invalid
from app.states.service_form import empty_form, fields_of, form_of
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
    fields = fields_of(TYPED, base_url="https://wes.example.org/")
    assert (fields.name, fields.country, fields.is_active) == ("ILIFU", "ZA", True)
    assert fields.limits.max_file_bytes == 2.5 * 1024**3
    row = add(**fields.model_dump())
    form = form_of(row)
    assert form == TYPED | {"name": "ILIFU", "country": "ZA", "is_active": True} | {
        "check_canary": True
    }
    assert row.check_settings == {"interval_seconds": 60, "confirmations": 2, "canary": True}
    again = fields_of(form, base_url=row.base_url)
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
        fields_of(TYPED | {name: value}, base_url="https://wes.example.org")
    assert refused.value.field == name


def test_a_form_from_nowhere_is_refused_and_nothing_breaks(databases):
    with pytest.raises(Invalid):
        fields_of({"name": ["x"], "limits": {"a": 1}, "is_active": {}}, base_url="")


def test_figures_read_well():
    assert [milliseconds(ms) for ms in (None, 8.24, 676.4, 2400)] == [
        "–",
        "8.2 ms",
        "676 ms",
        "2.4 s",
    ]
    assert queue_text(None, None) == "–"
    assert queue_text(3, 3) == "3 queued, 3 running"

"""Settings that administrators change while all runs: how they are typed, and who follows them."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.config import GIB, Settings, settings
from app.domain.errors import Invalid
from app.domain.run_time_settings import learn, queue_is_paused
from app.domain.setting_kinds import RunTimeSetting
from app.domain.setting_list import ORDERED, SETTINGS
from models import db
from models.platform import Setting

NUMBERS = [one for one in SETTINGS.values() if one.kind in ("number", "whole")]


@pytest.fixture
def process(databases: None) -> Iterator[None]:
    """A process that may learn, and forgets it at the test's end."""
    yield
    settings.overlay({})


def keep(key: str, value: object) -> None:
    with db.session(db.PLATFORM) as session:
        session.merge(Setting(key=key, value={"value": value}))


def look() -> bool:
    with db.session(db.PLATFORM) as session:
        return learn(session)


def test_a_process_follows_what_was_decided_and_goes_back_to_the_installations_value(
    process: None,
) -> None:
    installed = settings().poll_interval_seconds
    keep("poll_interval_seconds", 77)
    keep("banner_until", "2030-01-31T18:00:00+00:00")
    keep("paused_queues", "submit")
    assert look() and not look()
    assert settings().poll_interval_seconds == 77
    assert settings().banner_until == datetime(2030, 1, 31, 18, tzinfo=UTC)
    assert queue_is_paused("submit") and not queue_is_paused("collect")
    with db.session(db.PLATFORM) as session:
        session.delete(session.get_one(Setting, "poll_interval_seconds"))
    assert look()
    assert settings().poll_interval_seconds == installed


@pytest.mark.parametrize("value", [-1, "x", None, [], 10**9])
def test_a_kept_value_that_is_no_good_leaves_the_installations(
    process: None, value: object
) -> None:
    keep("poll_interval_seconds", value)
    keep("data_dir", "/elsewhere")
    keep("upload_days", 7)
    look()
    assert settings().poll_interval_seconds == settings.installed().poll_interval_seconds
    assert settings().data_dir == settings.installed().data_dir
    assert settings().upload_days == 7


@pytest.mark.parametrize("one", SETTINGS.values(), ids=lambda one: one.key)
def test_what_the_installation_says_by_itself_would_be_accepted(
    one: RunTimeSetting,
) -> None:
    default = Settings.model_fields[one.key].default
    assert one.parse(one.typed(default)) == default
    assert one.restored(one.stored(default)) == default
    assert one.shown(default)


@pytest.mark.parametrize("one", NUMBERS, ids=lambda one: one.key)
def test_the_bounds_are_those_that_the_installations_settings_have_too(
    one: RunTimeSetting,
) -> None:
    for bound in (one.minimum, one.maximum):
        value = one.parse(f"{bound:.15g}")
        assert getattr(Settings.model_validate({one.key: value}), one.key) == value
    for beyond in (one.minimum - 1, one.maximum * 1.01 + 1):
        with pytest.raises(Invalid) as refused:
            one.parse(f"{beyond:.15g}")
        assert refused.value.field == one.key


def test_what_must_be_in_order_can_be_typed() -> None:
    assert all({less, more} <= SETTINGS.keys() for less, more in ORDERED)


def test_an_amount_is_typed_in_gib_and_kept_in_bytes() -> None:
    quota = SETTINGS["user_quota_bytes"]
    assert quota.parse("1.5") == 1.5 * GIB
    assert quota.shown(3 * GIB) == "3 GiB"


@pytest.mark.parametrize(
    ("key", "typed"),
    [
        ("expiry_warning_days", "soon"),
        ("expiry_warning_days", "1,,366"),
        ("expiry_warning_days", ""),
        ("registration", "open"),
        ("paused_queues", "submit, everything"),
        ("banner_until", "tomorrow"),
        ("banner_text", "x" * 501),
        ("upload_days", "2.5"),
        ("stall_hours", "nan"),
        ("stall_hours", ""),
    ],
)
def test_what_cannot_be_accepted_is_refused_with_the_settings_key(key: str, typed: str) -> None:
    with pytest.raises(Invalid) as refused:
        SETTINGS[key].parse(typed)
    assert refused.value.field == key


@given(key=st.sampled_from(sorted(SETTINGS)), typed=st.text(max_size=30))
def test_whatever_is_typed_is_accepted_whole_or_refused(key: str, typed: str) -> None:
    one = SETTINGS[key]
    try:
        value = one.parse(typed)
    except Invalid:
        return
    assert one.restored(one.stored(value)) == value

"""The settings that an administrator may change while all runs, with their bounds and units.

What is not here is decided before the platform starts: where it keeps its data and its keys, where
its databases are, and its address.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from app.config import GIB
from app.domain.errors import NotFound
from app.domain.setting_kinds import RunTimeSetting as S

DAY = 24 * 3600
YEARS = 100

# Work of the worker that can be paused, by the name that the duties ask for.
QUEUES = {
    "submit": "Sending jobs",
    "follow": "Following jobs",
    "collect": "Collecting results",
    "probe": "Checking services",
    "canary": "Canary runs",
    "read": "Reading uploaded files",
}


@dataclass(frozen=True)
class SettingGroup:
    """Settings that belong together. Those of one that `is_one` are changed in one form."""

    name: str
    title: str
    icon: str
    settings: Sequence[S]
    help: str = ""
    is_one: bool = False


def seconds(key: str, title: str, help: str, minimum: float = 1, maximum: float = DAY) -> S:
    """A time between two looks, or a time limit."""
    return S(key, title, "number", "seconds", minimum, maximum, help=help)


def hours(key: str, title: str, help: str, minimum: float = 0.1, maximum: float = 720) -> S:
    """A length of time in hours."""
    return S(key, title, "number", "hours", minimum, maximum, help=help)


def gib(key: str, title: str, help: str, minimum: float, maximum: float) -> S:
    """An amount of data, kept in bytes."""
    return S(key, title, "whole", "GiB", minimum, maximum, scale=GIB, help=help)


GROUPS: tuple[SettingGroup, ...] = (
    SettingGroup(
        "banner",
        "Banner",
        "megaphone",
        (
            S("banner_text", "Text", "text", maximum=500, help="Empty: there is no banner."),
            S(
                "banner_level",
                "Looks like",
                "choice",
                choices={"info": "Information", "warning": "Warning", "critical": "Critical"},
            ),
            S("banner_until", "Until", "moment", help="It goes away by itself then."),
            S("banner_for_visitors", "Also on the sign-in page", "flag"),
        ),
        "A message on every page, such as of maintenance to come.",
        is_one=True,
    ),
    SettingGroup(
        "access",
        "Access",
        "door-open",
        (
            S(
                "registration",
                "Accounts",
                "choice",
                choices={
                    "closed": "Administrators add people",
                    "by request": "People may ask for one",
                },
                help="Whoever asks gets in once an administrator has approved.",
            ),
            S(
                "status_page_open",
                "Visitors may see the status page",
                "flag",
                help="At /status, without an account: the state of the services in use, and no "
                "people and no jobs.",
            ),
            hours("session_idle_hours", "A session ends unused after", "", 0.1, 168),
            S("session_days", "A session ends in any case after", "number", "days", 0.1, 90),
        ),
    ),
    SettingGroup(
        "files",
        "Files and retention",
        "hard-drive",
        (
            gib("upload_max_bytes", "Largest upload", "", 0.001, 4096),
            gib("user_quota_bytes", "Room for one person's uploads", "", 0.001, 65536),
            gib("free_disk_floor_bytes", "Disk that uploads leave free", "", 0, 65536),
            S("upload_days", "An unfinished upload is kept for", "whole", "days", 1, 90),
            S(
                "results_kept_days",
                "Results are kept for",
                "whole",
                "days",
                0,
                36500,
                help="0: until their owner deletes them. Who has results already keeps them as "
                "long as was said then.",
            ),
            S(
                "download_key_days",
                "A download script works for",
                "number",
                "days",
                0.01,
                90,
                help="Scripts that were made before end when was said then.",
            ),
        ),
    ),
    SettingGroup(
        "checks",
        "Checks of services",
        "heart-pulse",
        (
            seconds("probe_interval_seconds", "A service is checked every", "", 5, 7 * DAY),
            seconds("probe_retry_seconds", "One that is down, or to confirm, every", "", 1),
            seconds("probe_waiting_seconds", "One that waits for a person, every", "", 5),
            seconds("probe_dead_hour_seconds", "One that is unwell for an hour, every", "", 5),
            seconds("probe_dead_day_seconds", "One that is unwell for a day, every", "", 5),
            seconds(
                "probe_dead_week_seconds", "One that is unwell for a week, every", "", 5, 7 * DAY
            ),
            S("probe_confirmations", "Findings that change a state", "whole", "in a row", 1, 20),
            seconds("probe_timeout_seconds", "A check fails after", "", 0.5, 300),
            S(
                "probe_slow_ms",
                "A service is slow from",
                "number",
                "milliseconds",
                1,
                300_000,
                help="Slower answers make it degraded.",
            ),
            seconds("probe_fresh_seconds", "A good answer is good for", "", 1),
            seconds("probe_user_fresh_seconds", "Any other answer, to a person, for", "", 1),
            seconds("probe_system_fresh_seconds", "Any other answer, to the worker, for", "", 1),
        ),
        "A service may have its own of some of these, on its page.",
    ),
    SettingGroup(
        "layers",
        "Further looks at services",
        "layers",
        (
            hours("conformance_interval_hours", "Conformance is read every", "", 1),
            S(
                "credential_check_minutes",
                "The lab's credential is tried every",
                "number",
                "minutes",
                1,
                10_080,
            ),
            hours("panel_check_hours", "What panels need is looked for every", ""),
            hours("certificate_check_hours", "A certificate is looked at every", ""),
            hours("canary_interval_hours", "A canary flies every", "", 0.5),
        ),
    ),
    SettingGroup(
        "incidents",
        "Incidents and warnings",
        "siren",
        (
            seconds(
                "incident_reopen_seconds",
                "An incident is over when well for",
                "Sooner, it is the same one still.",
                0,
            ),
            S("flapping_changes", "A service flaps when bad", "whole", "times", 2, 50),
            hours("flapping_hours", "… within", "It is quiet until it is steady for as long."),
            S(
                "expiry_warning_days",
                "A certificate's end is told",
                "days",
                "days before",
                maximum=365,
            ),
            S("token_warning_days", "A token's end is told", "days", "days before", maximum=365),
            hours(
                "loss_warning_hours",
                "Results that a service deletes are warned of",
                "So long before, if they are not here yet.",
                1,
            ),
        ),
    ),
    SettingGroup(
        "jobs",
        "Jobs",
        "list-checks",
        (
            seconds("poll_interval_seconds", "A running job is looked at every", "", 1, 3600),
            seconds("request_timeout_seconds", "A request to a service ends after", "", 1, 900),
            seconds(
                "settling_seconds",
                "A run that a service does not know is sent again after",
                "",
                1,
                3600,
            ),
            hours(
                "stall_hours",
                "A run takes unusually long after",
                "Where too few runs tell what is usual.",
                0.1,
                8760,
            ),
            S(
                "queue_stall_factor",
                "A queue is stalled after",
                "number",
                "times the usual",
                1,
                100,
            ),
            hours("queue_stall_hours", "… and never before", "", 0.1, 8760),
            S("paused_queues", "Paused work", "names", choices=QUEUES),
        ),
    ),
    SettingGroup(
        "history",
        "History of health",
        "history",
        (
            S("probe_days", "Single checks are kept for", "number", "days", 2, 366),
            S("health_minute_days", "Minutes are kept for", "number", "days", 2, 1000),
            S("health_hour_years", "Hours are kept for", "number", "years", 0.3, YEARS),
            S("health_day_years", "Days are kept for", "number", "years", 1, YEARS),
        ),
        "What is gone does not come back when it is kept for longer again.",
    ),
)

SETTINGS = {setting.key: setting for group in GROUPS for setting in group.settings}

# What must not be more than what, and why.
ORDERED = (
    ("upload_max_bytes", "user_quota_bytes"),
    ("probe_retry_seconds", "probe_interval_seconds"),
    ("probe_dead_hour_seconds", "probe_dead_day_seconds"),
    ("probe_dead_day_seconds", "probe_dead_week_seconds"),
)


def setting_named(key: str) -> S:
    """The setting of a key; `NotFound` where there is none that may be changed."""
    if key not in SETTINGS:
        raise NotFound("setting")
    return SETTINGS[key]

"""Settings of the installation, read once from the environment (`FGIP_…`) or a `.env` file.

Over them lies what an administrator has decided since (`app.domain.run_time_settings`).
"""

from datetime import datetime
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.overlaid import Overlaid

GIB = 1024**3


class Settings(BaseSettings):
    """What an installation decides before it starts. Every field is an environment variable."""

    model_config = SettingsConfigDict(env_prefix="FGIP_", env_file=".env", extra="ignore")

    data_dir: Path = Field(Path(".data"), description="private folder: files, keys, PostgreSQL")
    public_url: str = Field(
        "http://127.0.0.1:8000", description="the address that people type; its origin is allowed"
    )
    host: str = Field("127.0.0.1", description="address to listen on")
    port: int = Field(8000, description="port to listen on")

    database_url: str = Field(
        "", description="PostgreSQL URL without a database name; empty: the embedded server"
    )
    federated_imputation_url: str = Field("", description="URL of this database, if it is apart")
    user_management_db_url: str = Field("", description="URL of this database, if it is apart")
    service_registry_db_url: str = Field("", description="URL of this database, if it is apart")
    job_processing_db_url: str = Field("", description="URL of this database, if it is apart")
    file_management_db_url: str = Field("", description="URL of this database, if it is apart")
    notification_db_url: str = Field("", description="URL of this database, if it is apart")
    monitoring_db_url: str = Field("", description="URL of this database, if it is apart")

    secret_key: SecretStr = Field(
        SecretStr(""),
        description="Fernet keys for tokens and passwords, separated by commas, the newest first; "
        "empty: kept in the data folder",
    )

    session_idle_hours: float = Field(8, description="a session ends after this long unused")
    session_days: float = Field(7, description="a session ends after this long in any case")

    upload_max_bytes: int = Field(64 * GIB, description="largest file that may be uploaded")
    user_quota_bytes: int = Field(256 * GIB, description="room for one user's uploads")
    free_disk_floor_bytes: int = Field(2 * GIB, description="disk that uploads must leave free")
    upload_days: int = Field(5, description="an unfinished upload can be resumed for this long")

    results_kept_days: int = Field(
        0,
        ge=0,
        description="results are kept for so many days, or 0: until their owner deletes them; who "
        "has results already keeps them as long as was said then",
    )
    download_key_days: float = Field(
        7, gt=0, description="the key in a script that downloads a job's results ends after this"
    )

    probe_interval_seconds: float = Field(
        300, gt=0, description="time between health checks of a service"
    )
    probe_retry_seconds: float = Field(
        10, description="time between checks of a service that is down, or to confirm a change"
    )
    probe_waiting_seconds: float = Field(
        60,
        description="time between checks of a service that wants a credential, says that it is in "
        "maintenance, or cannot be judged",
    )
    probe_confirmations: int = Field(
        3, ge=1, description="findings in a row that it takes to change a service's state"
    )
    probe_timeout_seconds: float = Field(20, description="a health check that takes longer fails")
    probe_slow_ms: float = Field(
        5000, description="a service that takes longer to answer is degraded, in milliseconds"
    )
    probe_fresh_seconds: float = Field(
        900, description="how long the answer of a healthy service is good for whoever asks"
    )
    probe_user_fresh_seconds: float = Field(
        60, description="how long any other answer is good for a person who opens a page"
    )
    probe_system_fresh_seconds: float = Field(
        10, description="how long any other answer is good for the worker that sends a job"
    )
    probe_dead_hour_seconds: float = Field(
        300, description="time between checks of a service that has been unwell for an hour"
    )
    probe_dead_day_seconds: float = Field(
        900, description="time between checks of a service that has been unwell for a day"
    )
    probe_dead_week_seconds: float = Field(
        3600, description="time between checks of a service that has been unwell for a week"
    )
    incident_reopen_seconds: float = Field(
        300,
        description="a service that was well for less than this is in the same incident still; "
        "people are told that it is up again after this",
    )
    flapping_changes: int = Field(
        3, description="a service flaps when it becomes bad so many times within `flapping_hours`"
    )
    flapping_hours: float = Field(
        1, description="a flapping service is quiet until it stays the same for this long"
    )
    probe_days: float = Field(
        30, ge=2, description="each single health check of a service is kept for this long"
    )
    health_minute_days: float = Field(
        60, ge=2, description="health by the minute is kept for this long"
    )
    health_hour_years: float = Field(
        5, ge=0.3, description="health by the hour, with its latencies, is kept for this long"
    )
    health_day_years: float = Field(
        25, ge=1, description="health by the day, with its latencies, is kept for this long"
    )
    probe_slots: int = Field(1000, description="health checks that one worker makes at once")
    network_references: str = Field(
        "",
        description="addresses host:port, separated by commas, that answer as long as this lab's "
        "own network works; empty: judged by the services' hosts",
    )
    conformance_interval_hours: float = Field(
        24, description="time between readings of how far a service keeps to the standard"
    )
    poll_interval_seconds: float = Field(15, description="time between looks at a running job")
    stall_hours: float = Field(
        24,
        description="a run takes unusually long after so many hours, where fewer than 5 completed "
        "runs of its panel tell what is usual; one in a service's queue never sooner",
    )
    queue_stall_factor: float = Field(
        4,
        gt=0,
        description="a service's queue does not move when runs wait and none has finished for so "
        "many times as long as is usual there",
    )
    queue_stall_hours: float = Field(
        2, gt=0, description="a service's queue is never called stalled before so many hours"
    )
    request_timeout_seconds: float = Field(60, description="time limit of one request to a service")
    settling_seconds: float = Field(
        60,
        description="how long a service must say that it has no such run before one is sent again",
    )

    credential_check_minutes: float = Field(
        15, description="time between looks whether a service accepts the lab's credential"
    )
    panel_check_hours: float = Field(
        1, description="time between looks whether a service offers what its panels need"
    )
    certificate_check_hours: float = Field(
        12, description="time between looks at a service's certificate; one that fails: 5 minutes"
    )
    canary_interval_hours: float = Field(
        24, description="time between canary runs at a service that has them switched on"
    )
    expiry_warning_days: str = Field(
        "30,14,7,2,0", description="so many days before a certificate ends, people are told"
    )
    token_warning_days: str = Field(
        "7,2,0", description="so many days before a token for a service ends, people are told"
    )

    loss_warning_hours: float = Field(
        48,
        gt=0,
        description="owners and administrators are told when a service deletes results within so "
        "many hours that are not here yet",
    )

    banner_text: str = Field(
        "", max_length=500, description="what a banner on every page says; empty: there is none"
    )
    banner_level: Literal["info", "warning", "critical"] = Field(
        "info", description="how the banner looks: `info`, `warning` or `critical`"
    )
    banner_until: datetime | None = Field(
        None, description="the banner goes away at this time, such as 2030-01-31T18:00Z"
    )
    banner_for_visitors: bool = Field(
        False, description="the banner is on the pages for people who are not signed in, too"
    )
    registration: Literal["closed", "by request"] = Field(
        "closed",
        description="how people get an account: `closed` (an administrator adds them) or `by "
        "request` (they may ask for one, and an administrator approves)",
    )
    status_page_open: bool = Field(
        False, description="visitors may see how the services are, at /status"
    )
    paused_queues: str = Field(
        "", description="queues of work that are paused, separated by commas; usually none"
    )

    log_level: str = Field("INFO", description="least severe level that is logged")
    log_json: bool = Field(False, description="log JSON lines instead of text")

    @property
    def database_urls(self) -> dict[str, str]:
        """Each database's SQLAlchemy URL, by database name.

        An own URL wins over the base URL; the base URL gets the database's name as its path.
        """
        return {name: self._url_of(name) for name in DATABASE_NAMES}

    @property
    def needs_embedded_postgres(self) -> bool:
        """Whether some database has neither an own URL nor a base URL."""
        return not self.database_url and not all(map(self.own_url_of, DATABASE_NAMES))

    def own_url_of(self, name: str) -> str:
        """Return the URL that was given for one database alone, or an empty string."""
        own: str = getattr(self, f"{name}_url")
        return own

    def _url_of(self, name: str) -> str:
        if own := self.own_url_of(name):
            return with_driver(own)
        if not self.database_url:
            raise ValueError(
                "no database is configured: set FGIP_DATABASE_URL, or start with scripts/run, "
                "which brings its own PostgreSQL"
            )
        base, question, query = self.database_url.partition("?")
        return with_driver(f"{base.rstrip('/')}/{name}{question}{query}")

    @property
    def allowed_origins(self) -> list[str]:
        """The origins whose pages may open the event socket: that of `public_url`.

        On one's own machine the two names of the loopback address are the same place.
        """
        address = urlsplit(self.public_url)
        origins = [f"{address.scheme}://{address.netloc}"]
        loopback = {"127.0.0.1": "localhost", "localhost": "127.0.0.1"}.get(address.hostname or "")
        if loopback:
            port = f":{address.port}" if address.port else ""
            origins.append(f"{address.scheme}://{loopback}{port}")
        return origins

    @property
    def is_https(self) -> bool:
        """Whether people reach the platform over TLS, so that cookies may demand it."""
        return self.public_url.startswith("https://")

    @property
    def session_cookie(self) -> str:
        """The session cookie's name; over TLS its prefix makes the browser enforce its scope."""
        return "__Host-fgip_session" if self.is_https else "fgip_session"

    @property
    def store_dir(self) -> Path:
        """Where file contents are kept, by SHA-256."""
        return self.data_dir / "store"

    @property
    def upload_dir(self) -> Path:
        """Where unfinished uploads are kept, one folder per user."""
        return self.data_dir / "uploads"


DATABASE_NAMES = (
    "federated_imputation",
    "user_management_db",
    "service_registry_db",
    "job_processing_db",
    "file_management_db",
    "notification_db",
    "monitoring_db",
)


def with_driver(url: str) -> str:
    """Name psycopg2 in a PostgreSQL URL, because SQLAlchemy would look for another driver."""
    scheme, _, rest = url.partition("://")
    return f"postgresql+psycopg2://{rest}" if scheme in ("postgres", "postgresql") else url


# Calling it gives this process's settings, whoever decided each of them.
settings = Overlaid(Settings)

"""What can be set at a simulated server; the defaults are Cloudgene's own."""

import json
from dataclasses import asdict, dataclass

DAY = 24 * 60 * 60


@dataclass(frozen=True)
class Settings:
    """Settings without secrets; times are in seconds.

    `data` is the folder of everything that is kept, `url` where clients reach the server. Each
    stage of a job lasts `delay` longer than its work. `slots` is how many jobs a user may have at
    the server at once, `jobs_at_once` how many the server runs. A job that ended `notify_after`
    ago is marked for deletion (states 8 and 9), and deleted `retire_after` its end (7). `storage`
    is "local", from where files are sent without length and Range, or "s3", to which downloads
    are redirected. Without `send_mail` the archive password is said in a job's last message.
    """

    data: str
    url: str
    name: str = "Demo Cloudgene server (simulation)"
    delay: float = 0.1
    slots: int = 2
    jobs_at_once: int = 2
    max_downloads: int = 10
    min_samples: int = 20
    max_samples: int = 50_000
    notify_after: float = 4 * DAY
    retire_after: float = 6 * DAY
    storage: str = "local"
    send_mail: bool = False

    def as_text(self) -> str:
        """Return the settings as one line, which `from_text` reads."""
        return json.dumps(asdict(self))

    @classmethod
    def from_text(cls, text: str) -> "Settings":
        """Read what `as_text` wrote."""
        return cls(**json.loads(text))

"""Whether it is this lab's own network that is away, and not the services behind it.

Asked when a service cannot be reached. The lab may name addresses that answer as long as its
network works, such as its gateway and its name server. Where it names none, other hosts that
answered when they were probed last are tried: if none of several can be reached either, the cause
is nearer than they are.
"""

import asyncio
from collections.abc import Callable, Sequence
from ipaddress import ip_address
from urllib.parse import urlsplit

from app.connectors.addresses import resolve
from app.connectors.errors import Unreachable

# So many other hosts, of those that answered most recently, must all be out of reach.
FEWEST_WITNESSES = 2
MOST_WITNESSES = 4
WITNESS_SECONDS = 3.0
# A judgement holds for everybody who asks within so many seconds.
JUDGED_FOR = 5.0

AWAY = (
    "This lab's own network is away: nothing else can be reached either, so that nobody can tell "
    "how the service is."
)

Place = tuple[str, int]


def is_remote(host: str) -> bool:
    """Whether a host is beyond this machine, as far as its name tells."""
    try:
        return not ip_address(host).is_loopback
    except ValueError:
        return host != "localhost" and not host.endswith(".localhost")


def places_of(text: str) -> list[Place]:
    """Addresses `host:port`, separated by commas."""
    parts = [urlsplit(f"//{part.strip()}") for part in text.split(",") if part.strip()]
    return [(part.hostname or "", part.port or 443) for part in parts]


class OwnNetwork:
    """What this worker knows of its own network."""

    def __init__(
        self, references: Sequence[Place] = (), *, is_remote: Callable[[str], bool] = is_remote
    ) -> None:
        self._references = references
        self._is_remote = is_remote
        # Hosts that answered last, the most recent one at the end.
        self._answered: dict[str, Place] = {}
        self._judgement: asyncio.Task[bool] | None = None
        self._judged_at = float("-inf")

    def answered(self, base_url: str) -> None:
        """A service answered something."""
        host, port = _place_of(base_url)
        if self._is_remote(host):
            self._answered.pop(host, None)
            self._answered[host] = host, port

    async def is_away(self, base_url: str) -> bool:
        """Whether nothing else can be reached either, now that this service cannot."""
        host, _ = _place_of(base_url)
        if not self._is_remote(host) and not self._references:
            return False
        clock = asyncio.get_running_loop().time
        if self._judgement is None or clock() - self._judged_at > JUDGED_FOR:
            self._judged_at = clock()
            self._judgement = asyncio.create_task(self._judge(host))
        is_away = await asyncio.shield(self._judgement)
        if not is_away:
            # It is the host that is down, so that it is no witness.
            self._answered.pop(host, None)
        return is_away

    async def _judge(self, host: str) -> bool:
        witnesses = (
            self._references
            or [place for name, place in self._answered.items() if name != host][-MOST_WITNESSES:]
        )
        if not self._references and len(witnesses) < FEWEST_WITNESSES:
            return False
        return not any(await asyncio.gather(*(_is_reached(*place) for place in witnesses)))


def _place_of(base_url: str) -> Place:
    parts = urlsplit(base_url)
    return parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)


async def _is_reached(host: str, port: int) -> bool:
    """Whether a host answers to a connection; that it refuses one is an answer too."""
    try:
        async with asyncio.timeout(WITNESS_SECONDS):
            address = (await resolve(host, port))[0]
            _, writer = await asyncio.open_connection(str(address), port)
    except ConnectionRefusedError:
        return True
    except (OSError, TimeoutError, Unreachable):
        return False
    writer.close()
    return True

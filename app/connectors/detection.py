"""Finding out which protocol is spoken at an address that a person pasted, and where it begins.

People paste what they have: a start page, a page below it, one request of the API. Each protocol
has a request that needs no credential and that a server answers in its own way: `GET /service-info`
(GA4GH WES 1.1.0) and `GET /api/v2/server` (Cloudgene). They are asked at the few places where the
API may begin, all at the same time.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import httpx

from app.connectors import CONNECTORS
from app.connectors.base import Endpoint, ServiceFacts
from app.connectors.client import open_client
from app.connectors.cloudgene_http import root_of
from app.connectors.errors import ConnectorError, NotAuthorised

REQUEST_SECONDS = 10.0
WES_PATH = "/ga4gh/wes/v1"
# What stands behind the base URL of a WES in an address of one of its requests.
WES_REQUESTS = ("/service-info", "/runs")
PROBES: Mapping[str, str] = MappingProxyType(
    {"wes": "/service-info", "cloudgene": "/api/v2/server"}
)


@dataclass(frozen=True)
class Try:
    """A place that was asked, and what is there: `facts`, or else the `problem`."""

    api_type: str
    base_url: str
    facts: ServiceFacts | None = None
    problem: str = ""
    wants_token: bool = False

    @property
    def asked(self) -> str:
        """The URL of the request."""
        return self.base_url + PROBES[self.api_type]


@dataclass(frozen=True)
class Detection:
    """What is spoken at an address. `found` is None where no answer is of a protocol known here.

    Where `found` has no facts, it is a guess: something there wants a token before it tells.
    """

    found: Try | None
    tried: Sequence[Try]


async def detect(base_url: str) -> Detection:
    """Ask at an address, which is in its one spelling, who is there. Takes ten seconds at most."""
    async with open_client(request_timeout=REQUEST_SECONDS) as client:
        tried = await asyncio.gather(*(_ask(client, *one) for one in places(base_url)))
    sure = next((one for one in tried if one.facts), None)
    guess = next((one for one in tried if one.wants_token), None)
    return Detection(sure or guess, tried)


def places(base_url: str) -> list[tuple[str, str]]:
    """Where an API may begin: (api_type, base URL), the address as it is first."""
    typed = base_url.rstrip("/")
    for ending in WES_REQUESTS:
        typed = typed.removesuffix(ending)
    root = root_of(typed)
    url = httpx.URL(typed)
    origin = str(url.copy_with(path="/", query=None, fragment=None)).rstrip("/")
    wes = [typed, root + WES_PATH, origin + WES_PATH]
    if WES_PATH in typed:
        wes = [typed.partition(WES_PATH)[0] + WES_PATH, *wes]
    found = [("wes", one) for one in wes] + [("cloudgene", one) for one in (root, origin)]
    return list(dict.fromkeys(found))


async def _ask(client: httpx.AsyncClient, api_type: str, base_url: str) -> Try:
    try:
        facts = await CONNECTORS[api_type](client, Endpoint(base_url)).probe()
    except NotAuthorised as error:
        return Try(api_type, base_url, problem=str(error), wants_token=True)
    except ConnectorError as error:
        return Try(api_type, base_url, problem=str(error))
    return Try(api_type, base_url, facts)

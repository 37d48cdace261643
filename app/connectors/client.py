"""The HTTP client of all connectors, and the only ways to read an answer with it.

Every request has an overall time limit beside those of its parts, so that a server that dribbles
its headers or body ends too; every body a size limit, counted after decompression; every redirect
is checked. Errors of the network leave here as `ConnectorError`, with texts for people that name
the host and nothing more of the URL.
"""

import asyncio
import os
import ssl
import zlib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import cache
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpcore
import httpx

from app.connectors.addresses import CheckedBackend, certificate_text, is_public
from app.connectors.answers import Answer, place
from app.connectors.bodies import read_body, read_shortened
from app.connectors.errors import (
    InvalidAnswer,
    NotAuthorised,
    Rejected,
    Unreachable,
    Untrusted,
)

VERSION = "0.1.0"
USER_AGENT = f"federated-genomic-imputation-platform/{VERSION}"

# What 2 MiB of JSON become in memory stays far below 50 MB (see `answers.json_of`).
JSON_LIMIT = 2 * 1024**2
MAX_REDIRECTS = 5
# A transfer may take this much longer than a short request: bytes per second at the slowest.
SLOWEST_TRANSFER = 8 * 1024
PUBLIC_ONLY = "public_only"
# What another origin must not get to see by a redirect.
CREDENTIALS = ("Authorization", "X-Auth-Token")


def trusted_authorities() -> ssl.SSLContext:
    """Who may vouch for a service: the public authorities, or those of `SSL_CERT_FILE`.

    The system's store counts too: an institute's own authority is usually there only.
    """
    return _authorities(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))


@cache
def _authorities(_file: str | None, _folder: str | None) -> ssl.SSLContext:
    # Reading them takes a tenth of a second, each time.
    context = httpx.create_ssl_context()
    context.load_default_certs()
    return context


class _Transport(httpx.AsyncBaseTransport):
    """Connects to checked addresses; with the extension `public_only` to public ones alone."""

    def __init__(self, *, keep_alive: bool) -> None:
        context = trusted_authorities()
        self._pools = {
            public: _pooled(context, public_only=public, keep_alive=keep_alive)
            for public in (False, True)
        }

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        transport = self._pools[bool(request.extensions.get(PUBLIC_ONLY))]
        return await transport.handle_async_request(request)

    async def aclose(self) -> None:
        for transport in self._pools.values():
            await transport.aclose()


def _pooled(
    context: ssl.SSLContext, *, public_only: bool, keep_alive: bool
) -> httpx.AsyncHTTPTransport:
    transport = httpx.AsyncHTTPTransport(verify=context)
    # httpx has no parameter for the network backend; httpcore has.
    transport._pool = httpcore.AsyncConnectionPool(
        ssl_context=context,
        max_connections=100,
        # A run that a WES server forks inherits the socket: a request on an idle connection can
        # then hang for ever, so that none is reused, but to find out whether that happens.
        max_keepalive_connections=1 if keep_alive else 0,
        network_backend=CheckedBackend(public_only=public_only),
    )
    return transport


def open_client(*, request_timeout: float = 60.0, keep_alive: bool = False) -> httpx.AsyncClient:
    """A client for requests to services; close it with `async with` or `aclose()`.

    `request_timeout` is in seconds and holds for a request with a short answer as a whole. The
    client takes nothing from the environment but `SSL_CERT_FILE` and `SSL_CERT_DIR`, keeps no
    cookies, and follows no redirect by itself (see `fetch`).
    """
    return httpx.AsyncClient(
        transport=_Transport(keep_alive=keep_alive),
        timeout=httpx.Timeout(request_timeout, connect=min(10.0, request_timeout)),
        headers={"User-Agent": USER_AGENT, "Accept-Encoding": "gzip"},
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        follow_redirects=False,
        trust_env=False,
    )


def time_limit(client: httpx.AsyncClient) -> float:
    """Seconds that a request with a short answer may take as a whole."""
    return client.timeout.read or 60.0


@contextmanager
def translated(where: str) -> Iterator[None]:
    """Turn errors of the network into `ConnectorError`; `where` names the service."""
    try:
        yield
    except httpx.LocalProtocolError:
        # Its text can hold a header's value, so nothing of it may go on.
        raise Rejected(f"The request to {where} holds characters that HTTP forbids.") from None
    except (httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
        raise Rejected(
            f"“{where}” is no usable address: one begins with http:// or https:// and a host."
        ) from error
    except (httpx.ConnectTimeout, httpx.PoolTimeout) as error:
        raise Unreachable(f"{where} did not accept a connection in time.") from error
    except httpx.ConnectError as error:
        if text := certificate_text(where, error):
            raise Untrusted(text) from error
        raise Unreachable(f"{where} ended the connection at once.") from error
    except httpx.RemoteProtocolError as error:
        if "disconnected" in str(error) or "closed connection" in str(error):
            raise Unreachable(f"{where} broke off.", may_have_arrived=True) from error
        raise InvalidAnswer(f"{where} does not speak HTTP as expected.") from error
    except (httpx.TimeoutException, TimeoutError) as error:
        text = f"{where} took the request but did not answer in time."
        raise Unreachable(text, may_have_arrived=True) from error
    except (httpx.DecodingError, zlib.error) as error:
        raise InvalidAnswer(f"{where} sent an answer that cannot be unpacked.") from error
    except (httpx.HTTPError, OSError) as error:
        text = certificate_text(where, error) or f"The connection to {where} was lost."
        raise Unreachable(text, may_have_arrived=True) from error


async def fetch(
    client: httpx.AsyncClient,
    request: httpx.Request,
    *,
    limit: int = JSON_LIMIT,
    keep_tail: bool = False,
    is_run_log: bool = False,
) -> Answer:
    """Send a request and read its answer, whatever its status, up to `limit` bytes.

    A longer body is cut (`Answer.is_cut`): its beginning is kept, or its end with `keep_tail`. Of a
    run log the long texts are shortened first. Raises `Unreachable`, `InvalidAnswer`, `Rejected`.
    """
    sent = int(request.headers.get("content-length", 0))
    with translated(place(request.url)):
        async with asyncio.timeout(time_limit(client) + sent / SLOWEST_TRANSFER):
            response = await send(client, request)
            try:
                if is_run_log:
                    body, is_cut = await read_shortened(response, limit)
                else:
                    body, is_cut = await read_body(response, limit, keep_tail=keep_tail)
            finally:
                await response.aclose()
    return Answer(response.request.url, response.status_code, response.headers, body, is_cut)


async def send(client: httpx.AsyncClient, request: httpx.Request) -> httpx.Response:
    """Send a request and follow up to five redirects of a GET; the caller closes the response.

    A redirect from https to http is refused, and one from the public internet into this network. A
    redirected POST is refused: it would arrive as something else, or twice.
    """
    for _ in range(MAX_REDIRECTS + 1):
        response = await client.send(request, stream=True, follow_redirects=False)
        following = response.next_request
        if following is None:
            return response
        await response.aclose()
        where, target = place(request.url), place(following.url)
        if following.url.scheme not in ("http", "https"):
            raise InvalidAnswer(f"{where} redirects to something that is no web address.")
        if request.method not in ("GET", "HEAD"):
            moved = InvalidAnswer(
                f"{where} redirects to {following.url.scheme}://{target}: enter that address as "
                "the service's base URL."
            )
            # 302 and 303 are also what some say when they have taken a form.
            moved.may_have_arrived = response.status_code in (302, 303)
            raise moved
        if request.url.scheme == "https" and following.url.scheme != "https":
            raise InvalidAnswer(f"{where} redirects from https to http, which is not private.")
        # The same port of the same host may insist on TLS.
        if (following.url.host, following.url.port) != (request.url.host, request.url.port):
            for header in CREDENTIALS:
                following.headers.pop(header, None)
        await confine(request.url, following)
        request = following
    raise InvalidAnswer(f"{where} redirects more than {MAX_REDIRECTS} times.")


async def confine(origin: httpx.URL, request: httpx.Request) -> None:
    """Forbid a request that a host of the public internet leads to another to enter this network.

    So no service can make us read something inside by naming it.
    """
    if request.url.host != origin.host and await is_public(origin.host):
        request.extensions[PUBLIC_ONLY] = True


def header_token(token: str) -> str:
    """A token as a header takes it. Raises `NotAuthorised`, which shows nothing of it."""
    if not (token.isascii() and token.isprintable()) or " " in token:
        raise NotAuthorised(
            "The stored token holds characters that no token has, perhaps from copying it: "
            "enter it again."
        )
    return token


@asynccontextmanager
async def streaming(
    client: httpx.AsyncClient, request: httpx.Request
) -> AsyncIterator[httpx.Response]:
    """Send a request and hand over the response with its body unread.

    Only the way to the headers has the client's time limit: read the body with `transfer_chunks`,
    or with `short_answer` if it turns out to be an error.
    """
    with translated(place(request.url)):
        async with asyncio.timeout(time_limit(client)):
            response = await send(client, request)
    try:
        yield response
    finally:
        await response.aclose()


async def short_answer(client: httpx.AsyncClient, response: httpx.Response, limit: int) -> Answer:
    """The answer of a response that is being streamed, bounded as in `fetch`."""
    with translated(place(response.request.url)):
        async with asyncio.timeout(time_limit(client)):
            body, is_cut = await read_body(response, limit, keep_tail=False)
    return Answer(response.request.url, response.status_code, response.headers, body, is_cut)


async def transfer_chunks(
    client: httpx.AsyncClient, response: httpx.Response
) -> AsyncIterator[bytes]:
    """The body of a long transfer as it was sent, ended by `Unreachable` when it crawls.

    The time spent waiting for the server may grow with what arrived, at `SLOWEST_TRANSFER`.
    """
    clock = asyncio.get_running_loop().time
    is_packed = "content-encoding" in response.headers
    chunks = response.aiter_raw() if is_packed else response.aiter_bytes()
    waited, received = 0.0, 0
    while True:
        started = clock()
        with translated(place(response.request.url)):
            budget = time_limit(client) + received / SLOWEST_TRANSFER - waited
            async with asyncio.timeout(max(budget, 0.0)):
                chunk = await anext(chunks, None)
        if chunk is None:
            return
        waited += clock() - started
        received += len(chunk)
        yield chunk

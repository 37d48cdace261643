"""The HTTP client of the health checker: httpx on aiohttp's connections, made for thousands.

httpx's own pool looks at every connection for every request, so that a thousand probes at once take
half a minute of computing and call healthy services down. What `client` promises holds here too:
the same authorities are trusted, only checked addresses are connected to, nothing is taken from the
environment, no cookies are kept, and no redirect is followed unchecked.
"""

import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from functools import partial
from ipaddress import ip_address
from typing import Any

import aiohttp
import httpx
from aiohttp.abc import AbstractResolver, ResolveResult
from httpx_aiohttp.transport import AiohttpResponseStream, AiohttpTransport

from app.connectors.addresses import certificate_text, refusal_text, resolve, why_forbidden
from app.connectors.client import PUBLIC_ONLY, USER_AGENT, trusted_authorities
from app.connectors.errors import Unreachable, Untrusted

# A name that was looked up is known for so many seconds; each connection checks the address again.
NAMES_KEPT = 10
# Of a probe's time, the part after which a connection that does not come about is given up.
TO_CONNECT = 0.5
MOST_TO_CONNECT = 10.0


def open_probe_client(*, request_timeout: float) -> httpx.AsyncClient:
    """A client for any number of probes at once; close it with `async with` or `aclose()`.

    `request_timeout` is in seconds and holds for a request as a whole (see `client.fetch`). No
    connection is used twice: a run that a service forks may have inherited it.
    """
    connect = min(MOST_TO_CONNECT, TO_CONNECT * request_timeout)
    client = httpx.AsyncClient(
        transport=_Transport(),
        # aiohttp takes the limit of the pool for all that comes before a request, names included.
        timeout=httpx.Timeout(request_timeout, connect=connect, pool=connect),
        headers={"User-Agent": USER_AGENT, "Accept-Encoding": "gzip", "Connection": "close"},
        follow_redirects=False,
        trust_env=False,
    )
    # httpx has no parameter for this, and would spend a tenth of its work on looking for cookies.
    client._cookies = _NoCookies()
    return client


class _NoCookies(httpx.Cookies):
    """Cookies that are not kept."""

    def extract_cookies(self, response: httpx.Response) -> None:
        """Leave them where they are."""


class _Transport(httpx.AsyncBaseTransport):
    """Connects to checked addresses; with the extension `public_only` to public ones alone."""

    def __init__(self) -> None:
        context = trusted_authorities()
        self._anywhere, self._outside = (
            AiohttpTransport(verify=context, client=partial(_session, public))
            for public in (False, True)
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        outside = request.extensions.get(PUBLIC_ONLY)
        transport = self._outside if outside else self._anywhere
        with _told(request.url):
            response = await transport.handle_async_request(request)
        stream = response.stream
        assert isinstance(stream, AiohttpResponseStream)
        response.stream = _Stream(stream, request.url)
        return response

    async def aclose(self) -> None:
        await self._anywhere.aclose()
        await self._outside.aclose()


class _Stream(httpx.AsyncByteStream):
    """A body, with errors that say what happened."""

    def __init__(self, stream: AiohttpResponseStream, url: httpx.URL) -> None:
        self._stream, self._url = stream, url

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _told(self._url):
            async for chunk in self._stream:
                yield chunk

    async def aclose(self) -> None:
        await self._stream.aclose()


def _session(public_only: bool) -> aiohttp.ClientSession:
    connector = aiohttp.TCPConnector(
        ssl=trusted_authorities(),
        limit=0,
        force_close=True,
        resolver=_Resolver(public_only),
        ttl_dns_cache=NAMES_KEPT,
        socket_factory=_socket_to_public if public_only else _socket_to_any,
    )
    return aiohttp.ClientSession(
        connector=connector, cookie_jar=aiohttp.DummyCookieJar(), trust_env=False
    )


class _Resolver(AbstractResolver):
    """Looks names up; those that lead to forbidden addresses only raise `Unreachable`."""

    def __init__(self, public_only: bool) -> None:
        self._public_only = public_only

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        found = await resolve(host, port, public_only=self._public_only)
        return [
            ResolveResult(
                hostname=host,
                host=str(address),
                port=port,
                family=socket.AF_INET if address.version == 4 else socket.AF_INET6,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address in found
        ]

    async def close(self) -> None:
        """There is nothing to close."""


class _Forbidden(OSError):
    """The address is one that the platform never contacts."""


def _socket_to(address: tuple[Any, ...], *, public_only: bool) -> socket.socket:
    family, kind, protocol, _, target = address
    # A host that is written as an address is not looked up, so that this is where all pass.
    host = ip_address(target[0].partition("%")[0])
    if reason := why_forbidden(host, public_only=public_only):
        raise _Forbidden(f"{host} is {reason}, which the platform never contacts.")
    return socket.socket(family, kind, protocol)


def _socket_to_any(address: tuple[Any, ...]) -> socket.socket:
    return _socket_to(address, public_only=False)


def _socket_to_public(address: tuple[Any, ...]) -> socket.socket:
    return _socket_to(address, public_only=True)


@contextmanager
def _told(url: httpx.URL) -> Iterator[None]:
    """Turn aiohttp's errors into ours, or into what `client.translated` knows.

    The transport takes nearly all of them for a connection that came about too late.
    """
    try:
        yield
    except (httpx.HTTPError, aiohttp.ClientError) as error:
        cause = error.__cause__ if isinstance(error, httpx.HTTPError) else error
        raise (_error_of(cause, url) if cause else error) from error


def _error_of(cause: BaseException, url: httpx.URL) -> Exception:
    host, port = url.host, url.port or {"https": 443}.get(url.scheme, 80)
    if isinstance(cause, aiohttp.ClientConnectorError):
        if isinstance(cause.os_error, _Forbidden):
            return Unreachable(str(cause.os_error))
        if text := certificate_text(host, cause.os_error):
            return Untrusted(text)
        if url.scheme == "https" and isinstance(cause.os_error, ConnectionResetError):
            return Untrusted(f"{host} ended the connection while TLS began.")
        return Unreachable(refusal_text(host, port, cause.os_error))
    if isinstance(cause, aiohttp.ConnectionTimeoutError):
        return Unreachable(refusal_text(host, port, cause))
    return _transport_error_of(cause)


def _transport_error_of(cause: BaseException) -> Exception:
    if isinstance(cause, aiohttp.ServerTimeoutError):
        return httpx.ReadTimeout("")
    if isinstance(cause, aiohttp.InvalidURL | aiohttp.NonHttpUrlClientError):
        return httpx.UnsupportedProtocol("")
    if isinstance(cause, aiohttp.ClientResponseError):
        return httpx.RemoteProtocolError("not HTTP")
    return httpx.RemoteProtocolError("disconnected")

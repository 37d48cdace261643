"""Which addresses the platform connects to, checked on the address that is really used.

The platform lives on an intranet, so loopback and private addresses are allowed. Link-local
addresses and the metadata services of clouds are never contacted, whatever a name resolves to: they
hand out credentials of the machine. A name is resolved here, each address is checked, and the
connection goes to a checked address, so that a second look-up cannot give another answer.
"""

import asyncio
import socket
import ssl
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

import httpcore

from app.connectors.errors import Unreachable

Address = IPv4Address | IPv6Address

# Metadata services that are not link-local: Alibaba, Azure, Oracle, Amazon (two), Google.
METADATA = frozenset(
    map(
        ip_address,
        (
            "100.100.100.200",
            "168.63.129.16",
            "192.0.0.192",
            "fd00:ec2::254",
            "fd00:ec2::23",
            "fd20:ce::254",
        ),
    )
)
NAT64 = IPv6Network("64:ff9b::/96")
# A name server that does not answer holds a thread for seconds: these are for names alone.
_NAME_THREADS = ThreadPoolExecutor(64, thread_name_prefix="names")


def _embedded(address: Address) -> Address:
    """The IPv4 address that an IPv6 address stands for (mapped, 6to4, NAT64), else itself."""
    if isinstance(address, IPv4Address):
        return address
    if address in NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address


def why_forbidden(address: Address, *, public_only: bool = False) -> str:
    """Why the platform never contacts an address, or "" if it may."""
    inner = _embedded(address)
    if address.is_link_local or inner.is_link_local:
        return "a link-local address"
    if address in METADATA or inner in METADATA:
        return "a cloud's metadata service"
    if inner.is_multicast or inner.is_unspecified:
        return "no address of one machine"
    if public_only and not inner.is_global:
        return "an address inside this network, named by a service outside"
    return ""


async def resolve(host: str, port: int, *, public_only: bool = False) -> list[Address]:
    """The addresses of a host that may be contacted, in the resolver's order.

    Raises `Unreachable` if the name does not resolve or leads only to forbidden addresses.
    """
    try:
        found = await asyncio.get_running_loop().run_in_executor(
            _NAME_THREADS, partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
        )
    except (OSError, UnicodeError):
        raise Unreachable(
            f"The name {host} does not resolve: this machine's name server does not know it."
        ) from None
    addresses = list(dict.fromkeys(ip_address(entry[4][0]) for entry in found))
    allowed = [one for one in addresses if not why_forbidden(one, public_only=public_only)]
    if not allowed:
        reason = why_forbidden(addresses[0], public_only=public_only)
        raise Unreachable(
            f"{host} leads to {addresses[0]}, {reason}, which the platform never contacts."
        )
    return allowed


async def is_public(host: str) -> bool:
    """Whether a host is on the public internet; False if that cannot be told."""
    try:
        return any(address.is_global for address in await resolve(host, 0))
    except Unreachable:
        return False


def causes(error: BaseException | None) -> Iterator[BaseException]:
    """An error and all that led to it."""
    while error is not None:
        yield error
        if isinstance(error, BaseExceptionGroup):
            for inner in error.exceptions:
                yield from causes(inner)
        error = error.__cause__ or error.__context__


class CheckedBackend(httpcore.AsyncNetworkBackend):
    """Opens TCP connections to checked addresses only.

    With `public_only` the addresses inside the network are forbidden too: for a URL that a service
    on the public internet gave us.
    """

    def __init__(self, *, public_only: bool = False) -> None:
        self._public_only = public_only
        self._backend = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 (httpcore's signature)
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the first address that answers; each gets its share of the time limit."""
        clock = asyncio.get_running_loop().time
        deadline = clock() + (timeout or 10)
        try:
            async with asyncio.timeout_at(deadline):
                addresses = await resolve(host, port, public_only=self._public_only)
        except TimeoutError:
            raise Unreachable(f"The name server did not answer about {host} in time.") from None
        failure: Exception | None = None
        for left, address in zip(range(len(addresses), 0, -1), addresses, strict=True):
            share = max((deadline - clock()) / left, 0.01)
            try:
                return await self._backend.connect_tcp(
                    str(address), port, share, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise Unreachable(refusal_text(host, port, failure)) from failure


def refusal_text(host: str, port: int, error: BaseException | None) -> str:
    """Why a TCP connection failed, for a person."""
    if any(isinstance(cause, ConnectionRefusedError) for cause in causes(error)):
        return f"{host} refuses connections on port {port}: nothing listens there."
    if any(isinstance(cause, httpcore.ConnectTimeout | TimeoutError) for cause in causes(error)):
        return (
            f"{host} did not accept a connection on port {port} in time: it is down, or a "
            "firewall drops the packets."
        )
    return f"{host} cannot be reached on port {port} from this machine."


def certificate_text(host: str, error: BaseException | None) -> str:
    """Why a TLS handshake failed, for a person; "" if the error is not of TLS."""
    for cause in causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"The certificate of {host} is not accepted: {cause.verify_message}."
        if isinstance(cause, ssl.SSLError):
            reason = (cause.reason or "handshake failed").replace("_", " ").lower()
            return f"{host} does not speak TLS as expected: {reason}."
    return ""

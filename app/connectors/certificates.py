"""The certificate that a server shows, whether it is accepted or not.

A TLS handshake of its own, to an address that was checked like every other (`addresses`). Nothing
is sent over the connection. Where the certificate is not accepted, a second handshake that trusts
anybody reads it all the same, so that people can be told what is wrong with it.
"""

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID

from app.connectors.addresses import certificate_text, refusal_text, resolve
from app.connectors.client import trusted_authorities
from app.connectors.errors import InvalidAnswer, Unreachable

MOST_NAMES = 50


@dataclass(frozen=True)
class Certificate:
    """A server's certificate. `problem` says why it is not accepted, "" where it is.

    `fingerprint` is the SHA-256 of the certificate in hexadecimal digits.
    """

    subject_names: tuple[str, ...]
    issuer: str
    starts_at: datetime
    expires_at: datetime
    fingerprint: str
    problem: str = ""

    @property
    def facts(self) -> Mapping[str, Any]:
        """The certificate as JSON."""
        return {
            "subject_names": list(self.subject_names),
            "issuer": self.issuer,
            "starts_at": self.starts_at.isoformat(),
            "expires_at": self.expires_at.isoformat(),
            "fingerprint": self.fingerprint,
            "problem": self.problem,
        }


async def read_certificate(url: str, *, timeout_seconds: float) -> Certificate | None:
    """The certificate of the server at `url`; None where the URL is not https.

    Raises `Unreachable` where nothing can be connected to, and `InvalidAnswer` where the server
    does not speak TLS.
    """
    parts = urlsplit(url)
    if parts.scheme.lower() != "https" or not parts.hostname:
        return None
    host, port = parts.hostname, parts.port or 443
    try:
        async with asyncio.timeout(timeout_seconds):
            return await _read(host, port)
    except TimeoutError:
        raise Unreachable(
            f"{host} did not complete a TLS handshake within {timeout_seconds:g} s."
        ) from None


async def _read(host: str, port: int) -> Certificate:
    try:
        return _parsed(await _handshake(host, port, trusted_authorities()))
    except ssl.SSLCertVerificationError as error:
        problem = str(error.verify_message)
    return _parsed(await _handshake(host, port, _anybody()), problem)


async def _handshake(host: str, port: int, context: ssl.SSLContext) -> bytes:
    """The certificate (DER) that a server shows in a handshake."""
    failure: OSError | None = None
    for address in await resolve(host, port):
        try:
            _, writer = await asyncio.open_connection(
                str(address), port, ssl=context, server_hostname=host
            )
        except ssl.SSLCertVerificationError:
            raise
        except ssl.SSLError as error:
            raise InvalidAnswer(certificate_text(host, error)) from error
        except OSError as error:
            failure = error
            continue
        try:
            shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        finally:
            # A farewell in TLS is not worth waiting for.
            writer.transport.abort()
        if not shown:
            raise InvalidAnswer(f"{host} showed no certificate.")
        return bytes(shown)
    raise Unreachable(refusal_text(host, port, failure)) from failure


def _anybody() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _parsed(der: bytes, problem: str = "") -> Certificate:
    try:
        certificate = x509.load_der_x509_certificate(der)
        return Certificate(
            subject_names=_names(certificate),
            issuer=_readable(certificate.issuer),
            starts_at=certificate.not_valid_before_utc,
            expires_at=certificate.not_valid_after_utc,
            fingerprint=certificate.fingerprint(SHA256()).hex(),
            problem=problem,
        )
    except ValueError as error:
        raise InvalidAnswer("The server's certificate cannot be read.") from error


def _names(certificate: x509.Certificate) -> tuple[str, ...]:
    """The hosts that a certificate is for, or its subject where it names none."""
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return (_readable(certificate.subject),)
    hosts = extension.value.get_values_for_type(x509.DNSName)
    addresses = extension.value.get_values_for_type(x509.IPAddress)
    return tuple(str(name)[:253] for name in [*hosts, *addresses][:MOST_NAMES])


def _readable(name: x509.Name) -> str:
    """Who it is: the organisation and the common name, as far as they are given."""
    wanted = (NameOID.ORGANIZATION_NAME, NameOID.COMMON_NAME)
    found = [str(one.value) for oid in wanted for one in name.get_attributes_for_oid(oid)]
    return ", ".join(dict.fromkeys(found))[:200] or "nobody named"


def tls_cure(error: OSError) -> str:
    """What to do about a failed handshake, by OpenSSL's verification code (X509_V_ERR_…)."""
    code = error.verify_code if isinstance(error, ssl.SSLCertVerificationError) else 0
    if code in (18, 19, 20, 21):  # self-signed, in the chain, issuer unknown
        return (
            "The issuer is not known here: ask the operators for a certificate of a public "
            "authority, or add your institute's authority to this machine's certificates "
            "(SSL_CERT_FILE)."
        )
    if code in (9, 10):  # not yet valid, expired
        return "Ask the operators to renew the certificate, and check this machine's clock."
    if code in (62, 63, 64):  # host name, e-mail, address do not match
        return "Use the name that the certificate is made for as the base URL's host."
    return "Check that this port speaks TLS; if it does not, the base URL begins with http://."

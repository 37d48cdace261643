"""An authority that makes certificates for servers of the tests."""

import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

PEM = serialization.Encoding.PEM


class Authority:
    """Somebody who makes certificates and whom the worker trusts."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "An authority")])
        self.file = folder / "authority.pem"
        self.file.write_bytes(
            self._signed(self.name, self.key, is_authority=True).public_bytes(PEM)
        )

    def context(
        self, *, host: str = "127.0.0.1", days: int = 90, is_own: bool = True
    ) -> ssl.SSLContext:
        """A server's context; `is_own` is false for a certificate that signs itself."""
        key = ec.generate_private_key(ec.SECP256R1())
        signer = self.key if is_own else key
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "A service")])
        certificate = self._signed(name, key, signer=signer, host=host, days=days, is_own=is_own)
        path = self.folder / "server.pem"
        path.write_bytes(
            certificate.public_bytes(PEM)
            + key.private_bytes(
                PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context

    def _signed(
        self,
        name: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        *,
        signer: ec.EllipticCurvePrivateKey | None = None,
        host: str = "127.0.0.1",
        days: int = 90,
        is_own: bool = True,
        is_authority: bool = False,
    ) -> x509.Certificate:
        ends = datetime.now(UTC) + timedelta(days=days)
        address = x509.IPAddress(ip_address(host)) if host[0].isdigit() else x509.DNSName(host)
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self.name if is_own else name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(ends - timedelta(days=400))
            .not_valid_after(ends)
            .add_extension(x509.SubjectAlternativeName([address]), critical=False)
            .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
            .sign(signer or self.key, hashes.SHA256())
        )

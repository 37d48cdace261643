"""Looking at the layers of a service that are not looked at by every probe.

None of these raises: what goes wrong is what was found. A look that shows nothing about its own
layer, because one below it failed, is None.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from app.connectors.base import Connector, ServiceFacts
from app.connectors.certificates import Certificate, read_certificate
from app.connectors.errors import Busy, ConnectorError, NotAuthorised, Unreachable, Unsupported
from app.domain import service_changes
from app.domain.health import Layer, LayerFinding, Verdict
from app.domain.panel_needs import PanelNeed, judge_needs
from models import db
from models.threads import call

MOST_NAMES = 3


async def look_at_certificate(
    base_url: str, *, timeout_seconds: float
) -> tuple[LayerFinding | None, Mapping[str, Any] | None]:
    """What the server's certificate is worth, and its facts for `Finding.certificate`.

    Neither where the address is not https.
    """
    try:
        certificate = await read_certificate(base_url, timeout_seconds=timeout_seconds)
    except Unreachable:
        return None, None
    except ConnectorError as error:
        return LayerFinding(Layer.TLS, Verdict.FAILED, str(error)), None
    if certificate is None:
        return None, None
    host = urlsplit(base_url).hostname or ""
    return judge_certificate(certificate, host, datetime.now(UTC)), certificate.facts


def judge_certificate(certificate: Certificate, host: str, moment: datetime) -> LayerFinding:
    """Whether a certificate is accepted now, and what is wrong with it if not, in plain words."""
    ends, begins = f"{certificate.expires_at:%Y-%m-%d}", f"{certificate.starts_at:%Y-%m-%d}"
    if certificate.expires_at <= moment:
        told = f"The certificate expired on {ends}. Its operators must renew it."
    elif certificate.starts_at > moment:
        told = f"The certificate is not valid before {begins}: is a clock wrong?"
    elif not certificate.problem:
        told = f"Valid until {ends}, from {certificate.issuer}."
        return LayerFinding(Layer.TLS, Verdict.PASSED, told)
    elif "not valid for" in certificate.problem or "mismatch" in certificate.problem:
        names = ", ".join(certificate.subject_names[:MOST_NAMES])
        told = f"The certificate is for {names}, not for {host}."
    elif "self-signed" in certificate.problem or "self signed" in certificate.problem:
        told = (
            f"The certificate ({certificate.issuer}) is signed by itself or by an authority that "
            "this machine does not know: nobody vouches for the service."
        )
    else:
        told = (
            f"The certificate, from {certificate.issuer}, is not accepted: {certificate.problem}."
        )
    return LayerFinding(Layer.TLS, Verdict.FAILED, told)


async def look_at_panels(
    connector: Connector, facts: ServiceFacts, service_ref: str, needs: Sequence[PanelNeed]
) -> LayerFinding | None:
    """Whether the panels can be read; where the protocol knows none, what they need is there.

    `needs` are those of `panel_needs`. What a service lists is compared with what it listed before
    (`service_changes`).
    """
    try:
        offers = await connector.panels()
    except Unsupported:
        return judge_needs(needs, facts.workflow_types)
    except (Unreachable, Busy, NotAuthorised):
        return None
    except ConnectorError as error:
        return LayerFinding(Layer.PANELS, Verdict.FAILED, str(error))
    await call(db.REGISTRY, service_changes.panels_seen, service_ref=service_ref, offers=offers)
    if not offers:
        return LayerFinding(Layer.PANELS, Verdict.FAILED, "It lists no panels.")
    return LayerFinding(Layer.PANELS, Verdict.PASSED, f"It lists {len(offers)} panels.")

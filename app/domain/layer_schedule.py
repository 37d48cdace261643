"""When each layer of a service is looked at again; what every probe looks at is not among them."""

from datetime import timedelta

from app.config import settings
from app.domain.health import Layer, LayerFinding, Verdict

# A certificate that fails is looked at again this soon, so that its renewal is seen.
FAILED_CERTIFICATE = timedelta(minutes=5)


def next_look(finding: LayerFinding) -> timedelta | None:
    """The time to the next look at the layer, after this one; None where each probe looks."""
    match finding.layer:
        case Layer.TLS if finding.verdict is Verdict.FAILED:
            return FAILED_CERTIFICATE
        case Layer.TLS:
            return timedelta(hours=settings().certificate_check_hours)
        case Layer.CREDENTIALS:
            return timedelta(minutes=settings().credential_check_minutes)
        case Layer.PANELS:
            return timedelta(hours=settings().panel_check_hours)
        case Layer.CANARY:
            return timedelta(hours=settings().canary_interval_hours)
        case _:
            return None

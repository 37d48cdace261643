"""How each protocol is spoken; `CONNECTORS` maps a service's `api_type` to its connector."""

from app.connectors.base import Connector
from app.connectors.cloudgene import CloudgeneConnector
from app.connectors.wes import WesConnector

CONNECTORS: dict[str, type[Connector]] = {
    WesConnector.api_type: WesConnector,
    CloudgeneConnector.api_type: CloudgeneConnector,
}

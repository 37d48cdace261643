"""What can go wrong between us and a service, in one small hierarchy.

ConnectorError           `can_retry` says whether trying the same again can help
├── Unreachable          no answer: DNS, TCP, TLS, time limit, connection lost     (retry)
│   └── Untrusted        TLS does not come about, or shows another than it should  (retry)
├── Busy                 429 or 503; `retry_after` seconds if the service said so  (retry)
│   └── SlotsFull            the credential has as many runs there as it may have  (retry)
├── ServiceFault         any other 5xx                                             (retry)
├── InvalidAnswer        an answer that is not of the protocol                     (retry)
│   └── ContentChanged       the service goes on with another content than it began    (retry)
├── NotAuthorised        401 or 403: the credential is missing, wrong or expired
├── Rejected             the service refuses this request as it is (400, 409, 415, 422)
├── UnknownRun           404: the service does not know the run
└── Unsupported          the protocol or the service lacks this ability
"""

from typing import ClassVar


class ConnectorError(Exception):
    """Something between us and a service went wrong. The text is fit for a person.

    `may_have_arrived` is true when the request was sent and its effect is not known, so that it may
    have taken effect: after such a `submit` look the run up with `find` before trying again.
    """

    can_retry: ClassVar[bool] = False
    may_have_arrived: bool = False


class Unreachable(ConnectorError):
    """The service did not answer: DNS, TCP, TLS, a time limit, or a lost connection."""

    can_retry = True

    def __init__(self, message: str, *, may_have_arrived: bool = False) -> None:
        self.may_have_arrived = may_have_arrived
        super().__init__(message)


class Untrusted(Unreachable):
    """Somebody is there, but TLS does not come about with it, or its certificate is not valid."""


class Busy(ConnectorError):
    """The service asks us to come back later. `retry_after` is in seconds, if it said."""

    can_retry = True

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        self.retry_after = retry_after
        super().__init__(message)


class SlotsFull(Busy):
    """The service takes no further run of this credential before another one has ended."""


class ServiceFault(ConnectorError):
    """The service failed with an error of its own (5xx)."""

    can_retry = True
    may_have_arrived = True


class InvalidAnswer(ConnectorError):
    """The answer is not of the protocol: HTML, broken JSON, wrong types, too long."""

    can_retry = True
    may_have_arrived = True


class ContentChanged(InvalidAnswer):
    """What was read of a file is not the beginning of what the service has now."""


class NotAuthorised(ConnectorError):
    """The service wants a credential, or does not accept the one it was given."""


class Rejected(ConnectorError):
    """The service refuses the request as it is; sending it again unchanged cannot help."""


class UnknownRun(ConnectorError):
    """The service does not know the run."""


class Unsupported(ConnectorError):
    """The protocol or this service lacks the ability."""

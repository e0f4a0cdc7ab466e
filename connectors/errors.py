"""Every failure of the outside world, grouped by what the caller can do about it.

ConnectorError                                                                       exit 1
├── Retryable                 sending it again may help                              exit 4
│   └── LostReply             sent, and the answer never came: read a write back     exit 4
├── Fatal                     repeating cannot help; a person must act               exit 1
│   ├── Unauthorized          the sign-in was refused                                exit 7
│   ├── PermissionMissing     signed in, but not allowed to do this                  exit 7
│   ├── WrongTenant           another tenant than the pinned one answers             exit 10
│   ├── UnusableVariable      a variable of the environment cannot be used           exit 2
│   └── Malformed             the answer cannot be used                              exit 4
└── NotYet                    the same command continues later                       exit 4
    ├── WaitBudgetSpent       waited as long as the settings allow                   exit 4
    └── NetworkAway           the service cannot be reached at all                   exit 4
        └── NoWay             nothing was sent; somebody has to clear the way        exit 4
            ├── UntrustedCertificate  no authority that we trust has signed it       exit 4
            └── ProxyRefused          the proxy does not lead there                  exit 4
"""

from __future__ import annotations

from typing import ClassVar


class ConnectorError(Exception):
    """A failure told in one paragraph that ends with the remedy.

    `message` is meant for a person and is all that `str` and `repr` show, so a cause, a header or a token
    that travels with the error never reaches a log. `exit_code` is the code of the process when nobody
    handles the error.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str) -> None:
        self.message = message
        super().__init__(message)

    def __str__(self) -> str:
        return self.message

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.message!r})"


class Retryable(ConnectorError):
    """Sending it again may help; `retry_after_s` is the wait in seconds that the service asked for, or None."""

    exit_code = 4

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class LostReply(Retryable):
    """The request left and no answer came back: a write may have taken effect, so read before sending it again."""


class Fatal(ConnectorError):
    """Repeating the request gives the same answer."""


class Unauthorized(Fatal):
    """The identity provider or the service refused the credential."""

    exit_code = 7


class PermissionMissing(Fatal):
    """The signed-in identity lacks `permission`; `how` says in one sentence how to grant it."""

    exit_code = 7

    def __init__(self, permission: str, how: str) -> None:
        super().__init__(f"The permission {permission} is missing. {how}")
        self.permission = permission
        self.how = how


class WrongTenant(Fatal):
    """The tenant that answers is not the tenant that the settings or the command name."""

    exit_code = 10


class UnusableVariable(Fatal):
    """What a variable of the environment holds cannot be used; what may be secret is not told."""

    exit_code = 2


class Malformed(Fatal):
    """The answer cannot be used: it is not what the service documents, or not the service's at all.

    Asking again at once gives the same, but nothing is lost: the same command continues once the way is clear.
    """

    exit_code = 4


class NotYet(ConnectorError):
    """Nothing is wrong with the request; the same command continues later."""

    exit_code = 4


class WaitBudgetSpent(NotYet):
    """The longest wait that the settings allow has passed without an answer that helps."""


class NetworkAway(NotYet):
    """The name does not resolve, the connection is refused, or no route leads to the service."""


class NoWay(NetworkAway):
    """Somebody has to clear the way before it helps to ask again; nothing was sent."""


class UntrustedCertificate(NoWay):
    """The other side's certificate is not signed by an authority that we trust."""


class ProxyRefused(NoWay):
    """The proxy does not lead there: it requires a sign-in, or has its orders."""

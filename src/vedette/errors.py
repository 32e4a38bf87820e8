"""The error tree: whose fault it is, and whether trying again can help.

::

    VedetteError
    ├── UsageError            the caller's words are wrong              exit 64
    ├── ConfigError           the configuration is wrong: file:line key exit 78
    ├── ConsentError          the mailbox's owner has not agreed         exit 77
    ├── LinkError             the way to a mail server failed
    │   ├── NetworkError      DNS, TCP, timeout, reset                  exit 69
    │   ├── TLSError          certificate, version, stripped STARTTLS   exit 76
    │   ├── LimitError        too many connections, quota               exit 75
    │   ├── ThrottledError    come back later, with the server's time   exit 75
    │   ├── AuthError         the credentials were refused              exit 77
    │   ├── RevokedError      access withdrawn, a person must act       exit 77
    │   ├── ProtocolError     the server broke the protocol             exit 76
    │   └── FolderError       the folder is missing or not selectable   exit 66
    ├── StoreError            the state could not be read or written    exit 74
    │   ├── StoreFullError        no space: the cursor stands still     exit 74
    │   ├── StoreUnwritableError  the state folder can not be used      exit 73
    │   └── StoreVersionError     written by a newer version            exit 78
    ├── SecretError           a secret can not be sealed or opened      exit 78
    │   └── SecretDamagedError    what is kept was changed or moved         exit 65
    ├── CanaryError           a probe mail did not come through         exit 69
    └── SinkError             an endpoint can not be built or reached   exit 69

Foreign exceptions are translated once, where they enter. Exit statuses are
those of BSD ``sysexits.h``; codes are stable and may be matched by scripts.
"""

from __future__ import annotations

from enum import StrEnum, unique


@unique
class Trouble(StrEnum):
    """The class of a failed link; it chooses the backoff and the account's state."""

    NETWORK = "network"
    TLS = "tls"
    LIMIT = "limit"
    THROTTLED = "throttled"
    AUTH = "auth"
    REVOKED = "revoked"
    PROTOCOL = "protocol"
    FOLDER = "folder"


class VedetteError(Exception):
    """Root of everything that Vedette raises on purpose.

    ``str(error)`` is one line, fit for a person: what is wrong, where, and what
    to do. It never holds a secret.
    """

    code = "vedette"
    exit_status = 70
    retryable = False


class UsageError(VedetteError):
    """The caller's words are wrong: an option, a URL, a name."""

    code = "usage"
    exit_status = 64


class ConfigError(VedetteError):
    """The configuration is wrong; the message names file, line and key."""

    code = "config"
    exit_status = 78


class ConsentError(VedetteError):
    """A guard asks for a consent to read the mail of this account, and there is none."""

    code = "consent"
    exit_status = 77


class LinkError(VedetteError):
    """The way to a mail server failed.

    ``reply`` holds the server's or the TLS library's own words, where it said any, and
    ``response_code`` the code before them (RFC 9051 section 7.1).
    """

    code = "link"
    exit_status = 69
    retryable = True
    trouble = Trouble.NETWORK
    response_code: str | None = None

    def __init__(self, message: str, *, reply: str | None = None) -> None:
        super().__init__(message)
        self.reply = reply


class NetworkError(LinkError):
    """DNS, TCP, a proxy, a timeout or a reset."""

    code = "network"


class TLSError(LinkError):
    """The certificate, the protocol version, or STARTTLS was refused."""

    code = "tls"
    exit_status = 76
    trouble = Trouble.TLS


class LimitError(LinkError):
    """The server has too many connections of ours, or a quota is used up."""

    code = "limit"
    exit_status = 75
    trouble = Trouble.LIMIT


class ThrottledError(LinkError):
    """The server asks for patience; ``retry_after`` is its own time in seconds."""

    code = "throttled"
    exit_status = 75
    trouble = Trouble.THROTTLED

    def __init__(
        self, message: str, *, reply: str | None = None, retry_after: float | None = None
    ) -> None:
        super().__init__(message, reply=reply)
        self.retry_after = retry_after


class AuthError(LinkError):
    """The credentials were refused; three of these park the account."""

    code = "auth"
    exit_status = 77
    trouble = Trouble.AUTH


class RevokedError(LinkError):
    """Access was withdrawn: only a person can give it back."""

    code = "revoked"
    exit_status = 77
    retryable = False
    trouble = Trouble.REVOKED


class ProtocolError(LinkError):
    """The server broke the protocol, or answered a command with BAD."""

    code = "protocol"
    exit_status = 76
    trouble = Trouble.PROTOCOL


class FolderError(LinkError):
    """The folder does not exist or can not be selected."""

    code = "folder"
    exit_status = 66
    trouble = Trouble.FOLDER


class StoreError(VedetteError):
    """The state could not be read or written."""

    code = "store"
    exit_status = 74
    retryable = True


class StoreFullError(StoreError):
    """No space is left for the state; nothing was committed."""

    code = "store_full"


class StoreUnwritableError(StoreError):
    """The state folder is missing, not ours, or read-only."""

    code = "store_unwritable"
    exit_status = 73
    retryable = False


class StoreVersionError(StoreError):
    """The state was written by a newer version of Vedette."""

    code = "store_version"
    exit_status = 78
    retryable = False


class SecretError(VedetteError):
    """A secret can not be sealed or opened: its key is missing, wrong, or can not be had."""

    code = "secret"
    exit_status = 78


class SecretDamagedError(SecretError):
    """The key is the right one, and what is kept was changed, cut, or is another row's."""

    code = "secret_damaged"
    exit_status = 65


class CanaryError(VedetteError):
    """A probe mail was not seen by the watch, or not delivered, in time."""

    code = "canary"
    exit_status = 69


class SinkError(VedetteError):
    """An endpoint can not be built from its settings, or can not be reached."""

    code = "sink"
    exit_status = 69

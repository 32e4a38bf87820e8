"""Why a mailbox was not read or changed, beside the reasons that all use cases share.

::

    RefusalError
    ├── MailServerError      the mail server, or the way to it, failed    auth_failed, unreachable, …
    ├── ConsentMissingError  the mailbox's owner has not agreed           consent_missing
    ├── GoneError            the folder has other messages by now         gone
    └── CrowdedError         too much is asked at once                    overloaded

It must not know HTTP.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from vedette.errors import LinkError, ThrottledError, Trouble
from vedette.service.refusals import ConflictError, RefusalError

#: What each class of failure is called. A folder that can not be opened is no failure of the way.
CODES: Final[Mapping[Trouble, str]] = MappingProxyType(
    {
        Trouble.NETWORK: "unreachable",
        Trouble.TLS: "tls_failed",
        Trouble.LIMIT: "limited",
        Trouble.THROTTLED: "throttled",
        Trouble.AUTH: "auth_failed",
        Trouble.REVOKED: "auth_failed",
        Trouble.PROTOCOL: "protocol",
    }
)

#: Seconds after which to ask again a server that has no room, or wants patience and names no time.
PATIENCE: Final = 30.0
#: Characters of a server's words that are told.
WORDS: Final = 300


class MailServerError(RefusalError):
    """The mail server refused, or could not be reached; ``reply`` is in its own words."""

    exit_status = 69
    retryable = True

    def __init__(self, error: LinkError) -> None:
        super().__init__(str(error))
        self.code = CODES.get(error.trouble, "protocol")
        self.reply = error.reply
        self.response_code = error.response_code
        self.retry_after: float | None = None
        if isinstance(error, ThrottledError):
            self.retry_after = error.retry_after or PATIENCE
        elif error.trouble is Trouble.LIMIT:
            self.retry_after = PATIENCE

    @property
    def members(self) -> Mapping[str, object]:
        """The server's words, and the code before them."""
        words = None if self.reply is None else self.reply[:WORDS]
        return {"reply": words, "responseCode": self.response_code}


class ConsentMissingError(RefusalError):
    """Somebody has to agree before mail is read, and has not."""

    code = "consent_missing"
    exit_status = 77


class GoneError(RefusalError):
    """What the id named is not told from other messages any more (RFC 9051 section 2.3.1.1)."""

    code = "gone"
    exit_status = 66

    def __init__(self, folder: str) -> None:
        super().__init__(
            f"the folder {folder[:100]!r} was made anew, with other numbers: its messages have other"
            " ids by now; list them again"
        )


class CrowdedError(RefusalError):
    """All connections or files that there may be are in use."""

    code = "overloaded"
    exit_status = 75
    retryable = True
    retry_after = 2.0


def of_link(error: LinkError) -> RefusalError:
    """Return why a mailbox could not be asked."""
    if error.trouble is Trouble.FOLDER:
        return ConflictError(str(error))
    return MailServerError(error)

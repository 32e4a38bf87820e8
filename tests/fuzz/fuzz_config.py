"""A fuzz target for the configuration: any document gives settings or one ConfigError.

The error names the file and a line that is there, and never tells the password. Run it as a
module::

    python -m tests.fuzz.fuzz_config --seconds 60
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from time import thread_time

from tests.fuzz.campaign import BrokenLawError, Campaign
from vedette.config.service import read_settings
from vedette.errors import ConfigError

LONGEST = 4_000
#: 4,000 octets are read in some 20 ms of processor time; this is a hundred times that.
SLOW = 2.0
#: The password of the seeds; an input that still holds it must not show it.
CANARY = "Sesame4711"
WORDS = (
    *(
        b"[accounts.a]\n",
        b"[endpoints.b]\n",
        b"[log]\n",
        b"[logins]\n",
        b"[tempo]\n",
        b"[retention]\n",
    ),
    *(
        b'url = "imaps://a@b.example"\n',
        b'password = "Sesame4711"\n',
        b'secret = "',
        b'type = "webhook"\n',
    ),
    *(b"= [", b"]", b'""', b"'", b"true", b"-1", b"1e400", b"nan", b"inf", b"99999999999999999999"),
    *(
        b"=",
        b".",
        b"\n",
        b"#",
        b'"""',
        b"{",
        b"}",
        b"1979-05-27",
        b"\\u0000",
        b"imap://",
        b"@",
        b":",
        b"%00",
    ),
)
_PLACE = re.compile(r":([0-9]+): ")


def check(data: bytes) -> None:
    """Read one document. Raises BrokenLawError, or what is no ConfigError."""
    started = thread_time()
    with TemporaryDirectory() as folder:
        path = Path(folder) / "vedette.toml"
        path.write_bytes(data)
        try:
            shown = repr(read_settings(path))
        except ConfigError as error:
            shown = str(error)
            if str(path) not in shown or "\n" in shown:
                raise BrokenLawError(f"{shown!r} is no line about the file") from error
            place = _PLACE.search(shown.replace(str(path), ""))
            if place is not None and not 1 <= int(place[1]) <= data.count(b"\n") + 2:
                raise BrokenLawError(f"{shown!r} names a line that is not there") from error
    if _is_password(data) and CANARY in shown:
        raise BrokenLawError("the password is told")
    if thread_time() - started > SLOW:
        raise BrokenLawError(f"{len(data)} octets took more than {SLOW} s")


def _is_password(data: bytes) -> bool:
    """Tell whether the canary stands in the document only as the value of a password."""
    canary = CANARY.encode()
    return canary in data and canary not in data.replace(b'password = "' + canary + b'"', b"")


CAMPAIGN = Campaign(name="config", check=check, words=WORDS, longest=LONGEST)

if __name__ == "__main__":
    sys.exit(CAMPAIGN.main())

"""What a message shows: the values that symbols look at.

Made of a message that was read, once for all guards. Strings are as the reader gives them;
disguises are taken off by ``skeleton`` and ``links``.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from vedette import mime


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One message as guards see it.

    ``message`` is the message as far as it is in hand; ``size`` its whole length in octets;
    ``flags`` and ``labels`` as the server tells them. ``facts`` are known from elsewhere, such
    as ``user_has_written_to_sender``; ``opinions`` are the scorers', from 0 to 1, by name.
    """

    message: mime.Message
    size: int = 0
    flags: Collection[str] = ()
    labels: Collection[str] = ()
    facts: Collection[str] = ()
    opinions: Mapping[str, float] = field(default_factory=dict)
    whole: bool = True
    """Whether the text was in hand to its end."""

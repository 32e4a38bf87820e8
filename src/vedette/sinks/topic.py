"""The name of a Kafka topic, which may hold less than other names: letters, digits, ``.``, ``_``, ``-``.

It must not know Kafka's library: the configuration judges names, too.
"""

from __future__ import annotations

from string import Formatter, ascii_letters, digits
from typing import Final

from vedette.errors import SinkError
from vedette.model.delivery import Parcel
from vedette.sinks.facts import MAX_TOKEN, Facts, Template

#: What a topic's name may hold, and its length (org.apache.kafka.common.internals.Topic).
LEGAL: Final = frozenset(ascii_letters + digits + "._-")
MAX_NAME: Final = 249
#: The longest of our own types, with some to spare.
_TYPE: Final = 32
#: How the two signs of a token are spelled here. No token holds a dot of its own.
_SPELLED: Final = str.maketrans({"%": ".", "~": ".."})


class Topic:
    """A topic's name with placeholders, such as ``mail.{tenant}``."""

    __slots__ = ("_template",)

    def __init__(self, text: str) -> None:
        """Read it. Raises SinkError for a name that no topic can have."""
        self._template = Template(text)
        length = 0
        for plain, name, *_ in Formatter().parse(text):
            if not LEGAL.issuperset(plain):
                raise SinkError(
                    f"{text!r} is no topic: one may hold letters, digits, '.', '_', '-'"
                )
            length += len(plain) + (0 if name is None else _TYPE if name == "type" else MAX_TOKEN)
        if length > MAX_NAME:
            raise SinkError(f"{text!r} is no topic: it may become longer than {MAX_NAME}")
        if text in {".", ".."}:
            raise SinkError(f"{text!r} is no topic: Kafka keeps that name for itself")

    def filled(self, parcel: Parcel, about: Facts) -> str:
        """Return the name for one event: a token's ``%40`` is ``.40`` here."""
        return self._template.filled(parcel, about).translate(_SPELLED)

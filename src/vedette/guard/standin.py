"""What symbols look into, in the smallest form: in place of ``views`` and ``phrases``."""

from __future__ import annotations

from dataclasses import dataclass

from vedette.guard.evidence import Evidence
from vedette.guard.pack import Auth, Field


@dataclass(frozen=True, slots=True)
class View:
    """A text, as it is and in lower case."""

    raw: str
    plain: str


class Views:
    """What symbols look into."""

    __slots__ = ("evidence",)

    def __init__(self, evidence: Evidence) -> None:
        self.evidence = evidence

    @property
    def auth(self) -> frozenset[Auth]:
        found = self.evidence.message.authentication
        auth = set()
        if found is not None and found.dmarc == "pass":
            auth |= {Auth.DMARC, Auth.ALIGNED}
        if found is not None and found.dmarc == "fail":
            auth.add(Auth.FAIL)
        return frozenset(auth)

    def values(self, field: Field) -> tuple[str, ...]:
        message = self.evidence.message
        match field:
            case Field.FROM:
                return tuple(each.address for each in message.from_)
            case Field.SUBJECT:
                return (message.subject,)
            case Field.TEXT:
                return (message.text.plain or "",)
            case Field.LIST_UNSUBSCRIBE:
                return tuple(v for k, v in message.headers if k.lower() == "list-unsubscribe")
            case Field.LINKS:
                words = (message.text.plain or "").split()
                return tuple(word for word in words if word.startswith("https://"))
            case _:
                return ()

    def hosts(self, field: Field) -> tuple[str, ...]:
        return tuple(
            each.rpartition("@")[2].removeprefix("https://").partition("/")[0].strip("<>")
            for each in self.values(field)
        )

    def text(self, field: Field) -> View:
        raw = "\n".join(self.values(field))
        return View(raw, raw.casefold())

r"""Which folders of an account are watched, from what the server lists.

A selector is a special use (``\Inbox``, ``\Junk``), a folder's name, or ``*``
for all. Sent, Drafts, Trash and All are never watched unless they are named:
All Mail holds every message a second time, the others hold the user's own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from vedette.imap import ListItem
from vedette.imap.names import decode_name
from vedette.model.folder import Folder

INBOX = "\\Inbox"

#: The attributes of RFC 6154 that say what a folder is for, by their lower-case form.
SPECIAL_USES = {
    "\\all": "\\All",
    "\\archive": "\\Archive",
    "\\drafts": "\\Drafts",
    "\\flagged": "\\Flagged",
    "\\junk": "\\Junk",
    "\\sent": "\\Sent",
    "\\trash": "\\Trash",
    "\\important": "\\Important",
}

#: Left out of ``*``: views of other folders, and mail that did not arrive.
UNWATCHED = frozenset({"\\All", "\\Flagged", "\\Important", "\\Sent", "\\Drafts", "\\Trash"})

#: What servers without SPECIAL-USE call these folders, lower case, last part of the name.
NAME_HINTS = {
    "\\Junk": frozenset(
        {
            "junk",
            "spam",
            "junk e-mail",
            "junk email",
            "junk mail",
            "bulk mail",
            "spamverdacht",
            "courrier indésirable",
            "correo no deseado",
            "posta indesiderata",
            "ongewenste e-mail",
            "lixo eletrônico",
            "спам",
        }
    ),
    "\\Sent": frozenset(
        {
            "sent",
            "sent items",
            "sent mail",
            "sent messages",
            "gesendet",
            "gesendete elemente",
            "envoyés",
            "enviados",
            "posta inviata",
            "verzonden items",
            "отправленные",
        }
    ),
    "\\Drafts": frozenset(
        {
            "drafts",
            "draft",
            "entwürfe",
            "brouillons",
            "borradores",
            "bozze",
            "concepten",
            "rascunhos",
            "черновики",
        }
    ),
    "\\Trash": frozenset(
        {
            "trash",
            "deleted",
            "deleted items",
            "deleted messages",
            "papierkorb",
            "gelöschte elemente",
            "corbeille",
            "papelera",
            "cestino",
            "prullenbak",
            "lixeira",
            "корзина",
        }
    ),
}

#: More folders than this in one account are not ours to follow on one connection.
MAX_FOLDERS = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """The folders to watch, INBOX first, and the selectors that matched none."""

    folders: tuple[Folder, ...]
    unmatched: tuple[str, ...]


def folders_of(items: Iterable[ListItem]) -> list[Folder]:
    """Return the folders in a LIST answer, INBOX always among them (RFC 9051 section 5.1).

    A name that is listed twice counts once, with the attributes of both.
    """
    found: dict[bytes, Folder] = {}
    attributes: dict[bytes, frozenset[str]] = {}
    for item in items:
        path = b"INBOX" if item.name.upper() == b"INBOX" else item.name
        if path not in found and len(found) >= MAX_FOLDERS:
            continue
        attributes[path] = attributes.get(path, frozenset()) | item.attributes
        name = "INBOX" if path == b"INBOX" else decode_name(path)
        delimiter = None if item.delimiter is None else item.delimiter.decode("latin-1")
        found[path] = Folder(
            path=path,
            name=name,
            delimiter=delimiter,
            special_use=_special_use(path, name, delimiter, attributes[path]),
            selectable=not attributes[path] & {"\\noselect", "\\nonexistent"},
        )
    found.setdefault(b"INBOX", Folder(path=b"INBOX", name="INBOX", special_use=INBOX))
    return _without_doubtful_hints(list(found.values()), attributes)


def choose(folders: Sequence[Folder], selectors: Sequence[str]) -> Chosen:
    """Return the selectable folders that the selectors name, each once, INBOX first."""
    taken: dict[bytes, Folder] = {}
    unmatched: list[str] = []
    for selector in selectors:
        matches = [folder for folder in folders if folder.selectable and _matches(folder, selector)]
        if not matches and selector != "*" and not _is_optional(selector):
            unmatched.append(selector)
        for folder in matches:
            taken.setdefault(folder.path, folder)
    ordered = sorted(taken.values(), key=lambda folder: folder.path != b"INBOX")
    return Chosen(folders=tuple(ordered), unmatched=tuple(unmatched))


def _matches(folder: Folder, selector: str) -> bool:
    if selector == "*":
        return folder.special_use not in UNWATCHED
    if selector.startswith("\\"):
        return (folder.special_use or "").lower() == selector.lower()
    if selector.upper() == "INBOX":
        return folder.path == b"INBOX"
    # Names are compared as people see them and as the wire spells them (catalogue S18).
    return selector == folder.name or selector.encode("utf-8", "replace") == folder.path


def _is_optional(selector: str) -> bool:
    """Tell whether a selector may match nothing: a server need not have a special use."""
    return selector.startswith("\\")


def _special_use(
    path: bytes, name: str, delimiter: str | None, attributes: frozenset[str]
) -> str | None:
    if path == b"INBOX":
        return INBOX
    for attribute, use in SPECIAL_USES.items():
        if attribute in attributes:
            return use
    leaf = name.rsplit(delimiter, 1)[-1] if delimiter else name
    for use, names in NAME_HINTS.items():
        if leaf.casefold() in names:
            return use
    return None


def _without_doubtful_hints(
    folders: list[Folder], attributes: dict[bytes, frozenset[str]]
) -> list[Folder]:
    """Drop a use guessed from a name where the server itself says which folder has that use."""
    told = {
        use
        for given in attributes.values()
        for attribute, use in SPECIAL_USES.items()
        if attribute in given
    }
    return [
        folder
        if folder.special_use not in told or _told(attributes.get(folder.path, frozenset()))
        else Folder(
            path=folder.path,
            name=folder.name,
            delimiter=folder.delimiter,
            selectable=folder.selectable,
        )
        for folder in folders
    ]


def _told(attributes: frozenset[str]) -> bool:
    return any(attribute in attributes for attribute in SPECIAL_USES)

"""Which folders are watched, from what the server lists."""

from __future__ import annotations

import pytest

from vedette.imap import ListItem
from vedette.imap.names import encode_name
from vedette.model.folder import Folder
from vedette.sync.selection import MAX_FOLDERS, choose, folders_of


def item(name: str | bytes, *attributes: str, delimiter: bytes | None = b"/") -> ListItem:
    """Return one line of a LIST answer."""
    wire = name if isinstance(name, bytes) else name.encode()
    return ListItem(name=wire, delimiter=delimiter, attributes=frozenset(attributes))


USUAL = folders_of(
    [
        item("Archive", "\\archive"),
        item("Junk", "\\junk"),
        item("Sent", "\\sent"),
        item("Drafts", "\\drafts"),
        item("Trash", "\\trash"),
        item("[Gmail]/All Mail", "\\all"),
        item("[Gmail]", "\\noselect"),
        item("Lists"),
        item("INBOX"),
    ]
)


def names(*selectors: str, folders: list[Folder] = USUAL) -> list[str]:
    """Return the names of the folders that are chosen."""
    return [folder.name for folder in choose(folders, selectors).folders]


def test_inbox_and_junk_are_chosen_by_their_use() -> None:
    """INBOX comes first: it is the folder that is kept open."""
    assert names("\\Junk", "\\Inbox") == ["INBOX", "Junk"]


def test_star_leaves_out_what_did_not_arrive_or_is_a_view() -> None:
    """Sent, Drafts, Trash and All are watched only when they are named."""
    assert names("*") == ["INBOX", "Archive", "Junk", "Lists"]
    assert names("*", "Sent") == ["INBOX", "Archive", "Junk", "Lists", "Sent"]
    assert names("\\All") == ["[Gmail]/All Mail"]


def test_s17_inbox_is_there_whatever_the_server_lists() -> None:
    """An empty listing has an INBOX too."""
    assert names("\\Inbox", folders=folders_of([])) == ["INBOX"]


@pytest.mark.parametrize("attribute", ["\\noselect", "\\nonexistent"])
def test_s17_what_can_not_be_opened_is_not_chosen(attribute: str) -> None:
    """NonExistent is worth as much as Noselect."""
    assert names("Ghost", folders=folders_of([item("Ghost", attribute)])) == []


def test_a_name_that_is_listed_twice_counts_once() -> None:
    """With the attributes of both lines."""
    folders = folders_of([item("Spam"), item("Spam", "\\junk"), item("inbox")])

    assert names("*", folders=folders) == ["INBOX", "Spam"]
    assert names("\\Junk", folders=folders) == ["Spam"]


@pytest.mark.parametrize("name", ["Spam", "INBOX/Junk E-Mail", "Bulk Mail", "СПАМ"])
def test_junk_is_found_by_its_name_where_the_server_does_not_say(name: str) -> None:
    """Names are hints, in any case, on the last part of the path."""
    folders = folders_of([item(encode_name(name))])

    assert names("\\Junk", folders=folders) == [name]


def test_a_hint_counts_for_nothing_where_the_server_says_which_it_is() -> None:
    """A folder of the user's own that is called Spam is not the junk folder then."""
    folders = folders_of([item("Spam"), item("Ungewollt", "\\junk")])

    assert names("\\Junk", folders=folders) == ["Ungewollt"]


def test_s18_a_folder_is_named_as_people_see_it_or_as_the_wire_spells_it() -> None:
    """Its path stays the octets on the wire."""
    folders = folders_of([item("Entw&APw-rfe/2023")])

    assert choose(folders, ["Entwürfe/2023"]).folders[0].path == b"Entw&APw-rfe/2023"
    assert choose(folders, ["Entw&APw-rfe/2023"]).folders[0].path == b"Entw&APw-rfe/2023"


def test_s19_a_flat_name_has_no_delimiter() -> None:
    """NIL as a delimiter is no reason to look for parts."""
    assert names("\\Junk", folders=folders_of([item("a/Spam", delimiter=None)])) == []


def test_a_selector_that_matches_nothing_is_told() -> None:
    """A special use need not exist; a name should."""
    chosen = choose(USUAL, ["\\Inbox", "\\Flagged", "Projects"])

    assert chosen.unmatched == ("Projects",)


def test_a_listing_without_end_is_cut() -> None:
    """The number of folders is bounded, and INBOX is never the one that is left out."""
    folders = folders_of(item(f"f{number}") for number in range(MAX_FOLDERS + 10))

    assert len(folders) == MAX_FOLDERS + 1
    assert names("\\Inbox", folders=folders) == ["INBOX"]

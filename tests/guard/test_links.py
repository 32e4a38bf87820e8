"""Where links lead, read without following them."""

from __future__ import annotations

import base64
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.guard import links

TARGET = "https://vulkan-bet.party/win?id=1&x=2"
ENCODED = quote(TARGET, safe="")
SAFE = "https://eur01.safelinks.protection.outlook.com/?url="
BASE64 = base64.urlsafe_b64encode(TARGET.encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "link",
    [
        "https://vulkan-bet.party/", "HTTPS://VULKAN-BET.PARTY./", "https://vulkan%2Dbet.party",
        r"https:\\vulkan-bet.party", r"https:/\vulkan-bet.party\x", "https:vulkan-bet.party",
        "//vulkan-bet.party/x", "https://vulkan-\tbet.par\nty/", " https://vulkan-bet.party",
        "https://vulkan-bet。party/", "https://vulkan-bet.party:8443?x", "https://vulkan-bet.party#x",
        "https://sparkasse.de@vulkan-bet.party/", "https://sparkasse.de:x@vulkan-bet.party/",
        "https://sparkasse.de%2F@vulkan-bet.party/", "mailto:stop@vulkan-bet.party?subject=x",
    ],
)  # fmt: skip
def test_a_link_leads_to_one_host(link: str) -> None:
    """However it is written; what stands before an at sign is not on the way."""
    assert links.hosts(link) == ("vulkan-bet.party",)


@pytest.mark.parametrize(
    ("link", "by"),
    [
        (f"https://www.google.com/url?q={ENCODED}&sa=D", "www.google.com"),
        (f"https://www.google.com/url?q={TARGET}", "www.google.com"),
        (f"{SAFE}{ENCODED}&data=05", "eur01.safelinks.protection.outlook.com"),
        (f"{SAFE}{quote(ENCODED, safe='')}&data=05", "eur01.safelinks.protection.outlook.com"),
        (f"{SAFE}{quote(SAFE + ENCODED, safe='')}", "eur01.safelinks.protection.outlook.com"),
        (f"https://urldefense.com/v3/__{TARGET}__;!!Ab$", "urldefense.com"),
        ("https://urldefense.com/v3/__https:/vulkan-bet.party/a*b__;Kw!!x$", "urldefense.com"),
        ("https://urldefense.com/v3/__https://vulkan*bet.party/__;LQ!!x$", "urldefense.com"),
        ("https://urldefense.proofpoint.com/v2/url?u=https-3A__vulkan-2Dbet.party_x&d=Dw",
         "urldefense.proofpoint.com"),
        (f"https://t.example.com/c?r={BASE64}", "t.example.com"),
        (f"https://t.example.com/c/{BASE64}/9", "t.example.com"),
        (f"https://t.example.com/c/{TARGET.encode().hex()}", "t.example.com"),
        (f"https://t.example.com/{TARGET}", "t.example.com"),
        (f"https://t.example.com/L0/{ENCODED}/1/abc", "t.example.com"),
        ("https://t.example.com/?next=//vulkan-bet.party/x", "t.example.com"),
        ("https://t.example.com/?dest=vulkan-bet.party/x", "t.example.com"),
        ("https://t.example.com/?amp;u=vulkan-bet.party", "t.example.com"),
        ("https://cdn.ampproject.org/c/s/vulkan-bet.party/x", "cdn.ampproject.org"),
        ("https://vulkan--bet-party.cdn.ampproject.org/", "vulkan--bet-party.cdn.ampproject.org"),
        ("https://www.google.de/amp/s/vulkan-bet.party/x", "www.google.de"),
        ("https://vulkan--bet-party.translate.goog/", "vulkan--bet-party.translate.goog"),
        ("https://storage.googleapis.com/b/x.html#https://vulkan-bet.party/",
         "storage.googleapis.com"),
        (f"https://storage.googleapis.com/b/x.html#{BASE64}", "storage.googleapis.com"),
        (f"https://t.example.com/x#u={ENCODED}", "t.example.com"),
        ("https://web.archive.org/web/2024/https://vulkan-bet.party/", "web.archive.org"),
    ],
)  # fmt: skip
def test_a_wrapped_link_leads_to_what_it_wraps(link: str, by: str) -> None:
    """The last host comes first, and the wrapper is on the way."""
    assert links.hosts(link) == ("vulkan-bet.party", by)


def test_wrappers_of_wrappers_are_opened() -> None:
    """A counter of clicks behind a mail filter behind a search machine."""
    inner = f"https://click.example.net/?u={ENCODED}"
    middle = f"{SAFE}{quote(inner, safe='')}&data=1"
    outer = f"https://www.google.com/url?q={quote(middle, safe='')}"

    assert links.hosts(outer)[0] == "vulkan-bet.party"
    assert set(links.hosts(outer)[1:]) == {
        "click.example.net", "eur01.safelinks.protection.outlook.com", "www.google.com",
    }  # fmt: skip


@pytest.mark.parametrize(
    "link",
    ["", "#top", "javascript:alert(1)", "cid:part1", "tel:+49123", "http://", "https:///", "mailto:",
     "mailto:jane", "about:blank", "vulkan-bet.party", "%", "data:text/html,https://x.example"],
)  # fmt: skip
def test_what_leads_nowhere_has_no_host(link: str) -> None:
    """And nothing raises."""
    assert links.hosts(link) == ()


def test_a_parameter_that_is_a_word_is_no_host() -> None:
    """Nor is a file name or a version, as far as one can tell."""
    link = "https://shop.example.com/?q=shoes&page=2&v=1.2.3&name=jane.doe"

    assert links.hosts(link) == ("shop.example.com",)


def test_a_link_into_itself_ends() -> None:
    """A thousand wrappers are a bounded number of steps."""
    link = TARGET
    for _ in range(1_000):
        link = f"https://t.example.com/?u={link}"

    assert len(links.hosts(link)) <= links.MAX_STEPS


@given(
    st.lists(
        st.sampled_from(
            ["https://", "http:", "//", "\\", "@", "%25", "%2F", "a.com", "?u=", "&url=", "#", "/c/s/",
             "aHR0cHM6Ly9h", "/v3/__", "__;", "urldefense.com", "68747470733a2f2f", "*", "é", "\u202e"]
        ),
        max_size=60,
    )
)  # fmt: skip
def test_any_link_ends_in_a_bounded_number_of_hosts(pieces: list[str]) -> None:
    """Never raises, never loops."""
    found = links.hosts("".join(pieces))

    assert len(found) <= links.MAX_STEPS
    assert len(set(found)) == len(found)


def test_links_are_taken_out_of_plain_text() -> None:
    """Without the punctuation of the sentence, each once."""
    text = (
        "See https://a.example/x. Or <http://b.example/?a=1&b=2>, (www.c.example)!\n"
        "https://a.example/x again; mail jane@d.example"
    )

    assert links.in_text(text) == (
        "https://a.example/x", "http://b.example/?a=1&b=2", "http://www.c.example",
    )  # fmt: skip


def test_a_text_gives_a_bounded_number_of_links() -> None:
    """Ten thousand links are as many as the first five hundred."""
    text = " ".join(f"https://h{number}.example/" for number in range(10_000))

    assert len(links.in_text(text)) == links.MAX_IN_TEXT


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("vulkan-bet.party", ("vulkan-bet.party",)),
        ("Go to WWW.Vulkan-Bet.Party/win now", ("www.vulkan-bet.party",)),
        ("vulkan-bet。party", ("vulkan-bet.party",)),
        ("Read more", ()),
        ("jane@example.com", ()),
        ("Version 1.2.3", ()),
        ("", ()),
    ],
)
def test_a_link_says_which_host_it_pretends_to_be(text: str, named: tuple[str, ...]) -> None:
    """As people write hosts: without a scheme."""
    assert links.named(text) == named


@pytest.mark.parametrize(
    ("address", "hosts"),
    [
        ("bounces+123-news=vulkan-bet.party@em.sendgrid.net", ("vulkan-bet.party",)),
        ("bounce-mc.us1_1.2-jane=example.org@mail9.mcsv.net", ("example.org",)),
        ("prvs=1234=jane@example.com", ()),
        ("jane@example.com", ()),
        ("", ()),
    ],
)
def test_a_relay_carries_the_senders_host(address: str, hosts: tuple[str, ...]) -> None:
    """Services that send for others write it into the local part."""
    assert links.relayed(address) == hosts


STEPS = {
    "values": ("_values", lambda rest: iter(()), "https://t.example.com/?dest=vulkan-bet.party/x"),
    "written": ("_written", lambda rest: iter(()), f"https://t.example.com/{TARGET}"),
    "base64": ("_of_base64", lambda text: "", f"https://t.example.com/c?r={BASE64}"),
    "percent": ("_decoded", lambda text: text, f"https://t.example.com/?u={ENCODED}"),
    "v3": ("_v3", lambda url, replaced: url, "https://urldefense.com/v3/__https://vulkan*bet.party/__;LQ!!"),
    "caches": ("_CACHES", ("none",), "https://vulkan--bet-party.translate.goog/"),
    "hex": ("_HEX", links._IGNORED, f"https://t.example.com/c/{TARGET.encode().hex()}"),
}  # fmt: skip


@pytest.mark.parametrize("step", STEPS)
def test_every_way_to_wrap_is_needed(step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Taken away, each lets a wrapped link through."""
    name, nothing, link = STEPS[step]
    assert links.hosts(link)[0] == "vulkan-bet.party"

    monkeypatch.setattr(links, name, nothing)

    assert "vulkan-bet.party" not in links.hosts(link)

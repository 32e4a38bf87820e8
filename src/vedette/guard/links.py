"""Where a link leads, read from the link alone.

Nothing is ever fetched: that would confirm the address to the sender. Mail filters, counters of
clicks and caches carry the true target in their own address; it is taken out of query, path and
fragment, decoded as often as it was encoded, within bounds. It must not know lists or messages.
"""

from __future__ import annotations

import binascii
import re
from collections import deque
from collections.abc import Iterable, Iterator
from html import unescape
from itertools import islice
from urllib.parse import unquote

import re2  # type: ignore[import-untyped]

from vedette.guard import hosts as _hosts

#: Characters of one link that are looked at: Safelinks in Safelinks stay under 4,000.
MAX_LINK = 8_192
#: Links within links.
MAX_DEPTH = 6
#: Links looked at for one link, of all depths.
MAX_STEPS = 24
#: Characters that are looked at for one link with all that is in it, and for those of a message.
MAX_LINK_WORK = 32 * 1024
MAX_WORK = 256 * 1024
#: Rounds of percent-decoding.
_PERCENT_ROUNDS = 4

# A host as most links have it: of ASCII in lower case, and no address.
_SIMPLE = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.){1,10}[a-z]{2,63}")
_SCHEMES = frozenset({"http:", "https:"})
# What a link within a link begins with, in plain, percent-encoded, base64 or hex, or is told by.
_SIGNS = (
    ":", "%", "#", "\\", "\t", "\n", "\r", "//", "aHR0", "SFRU", "Ly9", "d3d3", "68747470", "&amp",
    "/amp/",
)  # fmt: skip
_IGNORED = re.compile("[\t\r\n\x00]")
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]{0,20}):", re.IGNORECASE)
_AUTHORITY_END = re.compile(r"[/\\?#]")
_WEB = frozenset({"http", "https", "ftp", "ws", "wss"})
_ADDRESS = re.compile(r"[^\s<>@,;?&]{1,128}@([^\s<>@,;?&/]{1,255})")
# In a path or a value: a scheme, whole or with its signs encoded, wherever it begins.
_INNER = re.compile(
    r"(?:https?|ftp)(?::|%(?:25){0,3}3a)(?:[/\\]|%(?:25){0,3}(?:2f|5c)){1,3}", re.IGNORECASE
)
_BASE64 = re.compile(r"(?:aHR0c|SFRUU|aHR0U|Ly9|d3d3L)[A-Za-z0-9+/_-]{4,4000}={0,2}")
_HEX = re.compile(r"68747470[0-9a-f]{8,4000}", re.IGNORECASE)
_BARE = re.compile(
    r"((?:[^\W_][\w-]{0,62}\.){1,8}[^\W\d_][\w-]{1,62})(?:[:/?#].{0,4000})?", re.DOTALL
)
_PARAMETERS = frozenset(
    {"q", "u", "url", "r", "next", "target", "to", "goto", "redirect", "redirect_url", "dest",
     "destination", "link", "href", "out", "continue", "return", "returnurl", "redir", "uri",
     "adurl", "l", "p", "murl", "ued", "page", "domain", "site", "d"}
)  # fmt: skip
_V2 = re.compile(r"[?&]u=([^&]{1,8000})")
_V2_OCTET = re.compile(r"-([0-9A-Fa-f]{2})")
# Caches name the host in their path, or in a label of their own name.
_CACHED = re.compile(
    r"/(?:amp/|c/|v/|i/|r/|a/|wp/){1,2}(?:s/)?([^/?#]{1,255}\.[^/?#]{2,255}(?:[/?#].{0,4000})?)",
    re.DOTALL,
)
# The names of files, which are no hosts: none of these is a top-level domain.
_FILES = (
    ".jpg", ".jpeg", ".png", ".gif", ".webp", ".svg", ".css", ".js", ".html", ".htm", ".php",
    ".aspx", ".jsp", ".pdf",
)  # fmt: skip
_CACHES = (".cdn.ampproject.org", ".translate.goog")
# Links of one kind within one link; honest ones have one.
_MOST_INNER = 4
# Parameters of one link; honest ones have some ten.
_MOST_PARAMETERS = 64
_SPLIT = re.compile("[&;]")
#: Links taken out of one text.
MAX_IN_TEXT = 500
_WRITTEN = re2.compile(r"""(?i)(?:https?:[/\\]|www\.)[^\s<>"'\x00-\x1f]+""")
#: Characters of a short text in which hosts are looked for.
MAX_NAMED = 500
_NAMED = re.compile(
    r"(?<![\w@.-])(?:[\w-]{1,63}[.\u3002\uff0e\uff61]){1,8}[^\W\d_][\w-]{1,62}(?![\w@-])"
)
_TRAILING = ".,;:!?)]}*_>"


def hosts(link: str) -> tuple[str, ...]:
    """Return every host on the way of ``link``, the last one first; none for what is no link.

    Never raises and never loops: at most MAX_STEPS links are looked at, MAX_DEPTH in one another.
    """
    return ways((link,))[link]


def ways(links: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return for each of ``links`` what ``hosts`` returns, within one bound for all of them.

    Past MAX_WORK only the hosts that links name first are told.
    """
    wanted = list(dict.fromkeys(links))
    simple = _simple(wanted)
    found: dict[str, tuple[str, ...]] = {}
    room = MAX_WORK
    for link in wanted:
        host = simple.get(link)
        if host is not None:
            found[link], work = (host,), len(link)
        else:
            found[link], work = _way(link, room)
        room = max(0, room - work)
    return found


def _simple(links: list[str]) -> dict[str, str]:
    """Return the hosts of those links that surely hold no other one; most do not.

    What a link within a link may begin with is sought in all of them together.
    """
    hosts: dict[str, bool] = {}
    rests: dict[str, tuple[str, str]] = {}
    for link in links:
        scheme, _sign, after = link[:MAX_LINK].partition("//")
        host, _stroke, _rest = after.partition("/")
        known = hosts.get(host)
        if known is None:
            fit = _SIMPLE.fullmatch(host) is not None and not host.endswith(_CACHES)
            known = hosts[host] = fit
        if known and scheme in _SCHEMES and len(link) <= MAX_LINK:
            rests[link] = host, link[len(scheme) + 2 + len(host) :]
    every = "\x00".join(rest for _host, rest in rests.values())
    signs = [sign for sign in _SIGNS if sign in every]
    return {
        link: host
        for link, (host, rest) in rests.items()
        if not (signs and any(sign in rest for sign in signs)) and not _is_deep(rest)
    }


def _way(link: str, room: int) -> tuple[tuple[str, ...], int]:
    """Return the hosts on the way of ``link``, and the characters that were looked at for it."""
    found: dict[str, None] = {}
    seen: set[str] = set()
    waiting = deque([(_IGNORED.sub("", link[:MAX_LINK]).strip(), 0)])
    work = 0
    while waiting and len(seen) < MAX_STEPS:
        text, depth = waiting.popleft()
        if text in seen:
            continue
        seen.add(text)
        host, rest = _split(text)
        if host is None:
            if depth == 0:
                return _mailto(text), len(text)
            continue
        if depth and not _is_public(host):
            continue  # what only looks like a link within a link
        found.setdefault(host)
        work += len(text)
        if depth < MAX_DEPTH and work <= min(room, MAX_LINK_WORK):
            waiting.extend((inner, depth + 1) for inner in _inner(host, rest))
    # What is found later is further within, or further behind.
    return tuple(reversed(found)), work


def _is_deep(rest: str) -> bool:
    """Tell whether path and query may hold another link though nothing in them looks like one."""
    path, _sign, query = rest.partition("?")
    if "." in query and "=" in query:
        return True
    return not path.endswith(_FILES) and _CACHED.match(rest) is not None


def in_text(text: str, most: int = MAX_IN_TEXT) -> tuple[str, ...]:
    """Return the links that stand in ``text``, at most ``most`` of them, each once."""
    if "://" not in text and "www." not in text.lower() and ":\\\\" not in text:
        return ()
    found: dict[str, None] = {}
    for match in _WRITTEN.finditer(text):
        link = match[0][:MAX_LINK].rstrip(_TRAILING)
        found[link if link[:4].lower() != "www." else f"http://{link}"] = None
        if len(found) >= most:
            break
    return tuple(found)


def named(text: str) -> tuple[str, ...]:
    """Return the hosts that a short text, such as what a link shows, names as people write them."""
    if "." not in text and text.isascii():
        return ()
    found = (_hosts.normalise(name) for name in _NAMED.findall(text[:MAX_NAMED]))
    return tuple(dict.fromkeys(host for host in found if host and _hosts.registrable(host)))


def relayed(address: str) -> tuple[str, ...]:
    """Return the hosts written into the local part of a relay's address.

    Services that send for others write ``bounces+1-jane=shop.example@em.relay.example``.
    """
    local = address.rpartition("@")[0]
    found: dict[str, None] = {}
    for piece in re.split(r"[=+]", local)[1:9]:
        if "." in piece and (host := _hosts.normalise(piece)) and _hosts.registrable(host):
            found[host] = None
    return tuple(found)


def _split(text: str) -> tuple[str | None, str]:
    """Return the host of a web link and what follows it, as browsers read it (WHATWG URL)."""
    text = text.strip("\x00\x20\t\r\n<>\"'")
    match = _SCHEME.match(text)
    if match is not None and match[1].lower() in _WEB:
        rest = text[match.end() :].lstrip("/\\")
    elif text[:2] in {"//", "\\\\", "/\\"}:
        rest = text.lstrip("/\\")
    else:
        return None, ""
    ended = _AUTHORITY_END.search(rest)
    end = ended.start() if ended is not None else len(rest)
    return _hosts.normalise(rest[:end]), rest[end:]


def _is_public(host: str) -> bool:
    """Tell whether ``host`` can be one of the public net: below a suffix, or an address."""
    if host.endswith(_FILES):
        return False
    return _hosts.is_address(host) or ("." in host and "_" not in host.rpartition(".")[2])


def _mailto(text: str) -> tuple[str, ...]:
    if text[:7].lower() != "mailto:":
        return ()
    found = (_hosts.normalise(host) for host in _ADDRESS.findall(unquote(text[7:]))[:10])
    return tuple(dict.fromkeys(host for host in found if host))


def _inner(host: str, rest: str) -> Iterator[str]:
    """Yield the links that are written into what follows ``host``."""
    if not rest.strip("/") and not host.endswith(_CACHES):
        return
    if "/v3/__" in rest:
        url, _sign, replaced = rest.partition("/v3/__")[2].partition("__;")
        yield _v3(url, replaced.partition("!")[0])
    if "urldefense" in host and (match := _V2.search(rest)):
        yield unquote(_V2_OCTET.sub(r"%\1", match[1]).replace("_", "/"))
    if (match := _CACHED.match(rest)) or ("/amp/" in rest and (match := _CACHED.search(rest))):
        yield f"https://{match[1]}"
    for cache in _CACHES:
        if host.endswith(cache):
            label = host.removesuffix(cache).rpartition(".")[2]
            yield "https://" + label.replace("--", "\x00").replace("-", ".").replace("\x00", "-")
    yield from _values(rest)
    yield from _written(rest)


def _values(rest: str) -> Iterator[str]:
    """Yield the values of parameters that are links or hosts."""
    before, _sign, fragment = rest.partition("#")
    query = before.partition("?")[2]
    for part in (query, fragment.partition("?")[2] or fragment):
        for pair in _SPLIT.split(unescape(part) if "&" in part else part)[:_MOST_PARAMETERS]:
            key, sign, value = pair.partition("=")
            text = _decoded(value if sign else key)
            if text[:2] in {"//", "\\\\"}:
                yield text
            elif sign and key.lower() in _PARAMETERS and _BARE.fullmatch(text):
                yield f"https://{text}"


def _written(rest: str) -> Iterator[str]:
    """Yield the links that begin anywhere in ``rest``, plain, percent-encoded, base64 or hex."""
    for match in islice(_INNER.finditer(rest), _MOST_INNER):
        tail = rest[match.start() :]
        if "%" in match[0]:
            # It was encoded as one value, which ends at the next separator.
            tail = _decoded(re.split("[&#]", tail, maxsplit=1)[0])
        yield tail
    for match in islice(_BASE64.finditer(rest), _MOST_INNER):
        if text := _of_base64(match[0]):
            yield text
    for match in islice(_HEX.finditer(rest), _MOST_INNER):
        digits = match[0][: len(match[0]) // 2 * 2]
        yield bytes.fromhex(digits).decode("utf-8", "replace")


def _decoded(text: str) -> str:
    for _round in range(_PERCENT_ROUNDS):
        if "%" not in text:
            break
        text = unquote(text)
    return text


def _of_base64(text: str) -> str:
    body = text.rstrip("=").replace("-", "+").replace("_", "/")
    body = body[: len(body) - (len(body) % 4 == 1)]
    try:
        found = binascii.a2b_base64(body + "=" * (-len(body) % 4)).decode("utf-8", "replace")
    except ValueError:
        return ""
    return found if "://" in found or found.startswith("//") else f"https://{found}"


def _v3(url: str, replaced: str) -> str:
    """Return the link of urldefense v3: asterisks stand for the characters that follow it."""
    chars = _of_base64_text(replaced)
    out: list[str] = []
    at = 0
    for char in url:
        if char == "*" and at < len(chars):
            out.append(chars[at])
            at += 1
        else:
            out.append(char)
    return "".join(out)


def _of_base64_text(text: str) -> str:
    body = text.replace("-", "+").replace("_", "/")
    try:
        return binascii.a2b_base64(body + "=" * (-len(body) % 4)).decode("utf-8", "replace")
    except ValueError:
        return ""

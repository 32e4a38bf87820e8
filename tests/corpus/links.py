"""The links of a message: plain, wrapped by a sending service, or disguised.

Every disguise of a link that a reader must see through is a function of a host. It must not
know families or messages.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from random import Random
from types import MappingProxyType
from urllib.parse import quote

_TOKEN = "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789-_"


def token(rng: Random, size: int) -> str:
    """Return an opaque word as trackers make it."""
    return "".join(rng.choices(_TOKEN, k=size))


def direct(host: str, target: str, rng: Random) -> str:
    """Return a link to the host itself, with a tracking parameter half of the time."""
    path = f"https://{host}/{target}"
    return (
        path
        if rng.random() < 0.5
        else f"{path}?{rng.choice(['t', 'cid', 'ref', 'm'])}={token(rng, 14)}"
    )


def by_service(rng: Random) -> str:
    """Return an opaque click address of a sending service, which tells nothing of its target."""
    shape = rng.randrange(4)
    if shape == 0:
        return (
            f"https://u{rng.randrange(10**6, 10**8)}.ct.sendgrid.net/ls/click?upn={token(rng, 90)}"
        )
    if shape == 1:
        return (
            f"https://news.us{rng.randrange(2, 22)}.list-manage.com/track/click"
            f"?u={token(rng, 25)}&id={token(rng, 10)}&e={token(rng, 10)}"
        )
    if shape == 2:
        return f"https://{token(rng, 5).lower().strip('-_')}x.r.eu-west-1.awstrack.me/L0/{token(rng, 60)}"
    return f"https://x{token(rng, 6).lower().strip('-_')}z.mjt.lu/lnk/{token(rng, 70)}"


def _safelinks(url: str) -> str:
    return (
        "https://eur03.safelinks.protection.outlook.com/?url="
        f"{quote(url, safe='')}&data=05%7C02%7C&reserved=0"
    )


def _urldefense_v2(url: str) -> str:
    coded = quote(url, safe="/").replace("-", "-2D").replace("_", "-5F")
    coded = coded.replace("%", "-").replace("/", "_")
    return f"https://urldefense.proofpoint.com/v2/url?u={coded}&d=DwMFaQ&c=euGZstcaTDllvimEN8b7jXrwqOf&e="


def _base64url(url: str) -> str:
    return base64.urlsafe_b64encode(url.encode()).decode().rstrip("=")


def _fullwidth(host: str) -> str:
    return "".join(chr(ord(sign) + 0xFEE0) if sign.isalpha() else sign for sign in host)


def _first_percent(host: str) -> str:
    """Percent-encode the first hyphen, or the first letter where there is none."""
    sign = "-" if "-" in host else host[0]
    return host.replace(sign, f"%{ord(sign):02X}", 1)


DISGUISES: Mapping[str, Callable[[str], str]] = MappingProxyType(
    {
        "userinfo": lambda host: f"https://stadtbank-nord.test@{host}/login",
        "userinfo-long": lambda host: f"https://www.stadtbank-nord.test%2Fkonto:sicher@{host}/",
        "upper-case-and-root-dot": lambda host: f"HTTPS://{host.upper()}./",
        "percent-in-host": lambda host: f"https://{_first_percent(host)}/bonus",
        "backslashes": lambda host: rf"https:\\{host}\go",
        "tab-in-host": lambda host: f"https://{host[:3]}\t{host[3:]}/go",
        "newline-in-host": lambda host: f"https://{host[:4]}\n{host[4:]}/go",
        "ideographic-dot": lambda host: "https://" + host.replace(".", "\u3002") + "/",
        "fullwidth-dot": lambda host: "https://" + host.replace(".", "\uff0e") + "/",
        "fullwidth-letters": lambda host: f"https://{_fullwidth(host)}/",
        "soft-hyphen-in-host": lambda host: f"https://{host[:2]}\u00ad{host[2:]}/",
        "no-scheme": lambda host: f"//{host}/start",
        "port-and-sub-domain": lambda host: f"https://a1.go.{host}:8443/x",
        "google-url": lambda host: (
            f"https://www.google.com/url?sa=t&q={quote(f'https://{host}/x', safe='')}&usg=AOvVaw0"
        ),
        "safelinks": lambda host: _safelinks(f"https://{host}/s?x=1"),
        "safelinks-double-encoded": lambda host: _safelinks(
            quote(f"https://{host}/s?x=1", safe="")
        ),
        "safelinks-of-google": lambda host: _safelinks(
            f"https://www.google.com/url?q=https%3A%2F%2F{host}%2F"
        ),
        "urldefense-v2": lambda host: _urldefense_v2(f"https://{host}/p"),
        "urldefense-v3": lambda host: (
            f"https://urldefense.com/v3/__https://{host}/p__;!!AbC123!xyz$"
        ),
        "query-r-base64url": lambda host: (
            f"https://go.reisepost.test/c?r={_base64url(f'https://{host}/b')}"
        ),
        "path-base64url": lambda host: (
            f"https://t.reisepost.test/r/{_base64url(f'https://{host}/b')}/1"
        ),
        "query-next": lambda host: f"https://www.reisepost.test/out?next=https%3A%2F%2F{host}%2Fa",
        "query-percent-twice": lambda host: (
            f"https://www.reisepost.test/o?u={quote(quote(f'https://{host}/a', safe=''), safe='')}"
        ),
        "path-embedded": lambda host: f"https://web.archiv-spiegel.test/web/2026/https://{host}/a",
        "amp-cache": lambda host: f"https://cdn.ampproject.org/c/s/{host}/x",
        "amp-sub-domain": lambda host: (
            f"https://{host.replace('-', '--').replace('.', '-')}.cdn.ampproject.org/c/s/{host}/x"
        ),
        "google-amp": lambda host: f"https://www.google.com/amp/s/{host}/x",
        "storage-fragment": lambda host: (
            f"https://storage.googleapis.com/x7/x.html#https://{host}/p"
        ),
        "fragment-base64url": lambda host: (
            f"https://storage.googleapis.com/x7/i.html#{_base64url(f'https://{host}/p')}"
        ),
        "translate-proxy": lambda host: (
            f"https://{host.replace('-', '--').replace('.', '-')}.translate.goog/p"
        ),
        "entities": lambda host: (
            "&#104;ttps&#58;//" + "".join(f"&#x{ord(sign):x};" for sign in host) + "/p"
        ),
        "link-text-lies": lambda host: f"https://{host}/konto",
    }
)
"""Every way to hide a listed host in a link that is met in the wild, one function each."""

REDIRECTS = ("google-url", "safelinks", "urldefense-v3", "query-r-base64url", "query-next")
"""What the messages sent by ``Via.REDIRECT`` use: the forms met daily in honest mail too."""


def redirect(host: str, rng: Random) -> str:
    """Return a redirect that spells out the host."""
    return DISGUISES[rng.choice(REDIRECTS)](host)

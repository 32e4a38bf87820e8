"""Which provider a mail server belongs to: a small known table, so that it may be a label.

A host is somebody's own name as often as not; here it becomes one of a few words or ``other``.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from vedette.telemetry.registry import OTHER

#: By the last labels of the host's name. The names of hosts are those that the providers publish.
_BY_DOMAIN: Final = {
    "gmail.com": "google",
    "googlemail.com": "google",
    "office365.com": "microsoft",
    "outlook.com": "microsoft",
    "yahoo.com": "yahoo",
    "aol.com": "yahoo",
    "me.com": "apple",
    "icloud.com": "apple",
    "mail.ru": "mailru",
    "yandex.ru": "yandex",
    "yandex.com": "yandex",
    "gmx.net": "gmx",
    "gmx.com": "gmx",
    "web.de": "gmx",
    "ionos.de": "ionos",
    "ionos.com": "ionos",
    "1und1.de": "ionos",
    "t-online.de": "t-online",
    "fastmail.com": "fastmail",
    "zoho.com": "zoho",
    "zoho.eu": "zoho",
    "ovh.net": "ovh",
    "strato.de": "strato",
    "163.com": "netease",
    "126.com": "netease",
    "qq.com": "tencent",
    "seznam.cz": "seznam",
    "orange.fr": "orange",
    "libero.it": "libero",
}

#: Every value that the label may have.
PROVIDERS: Final = (*dict.fromkeys(_BY_DOMAIN.values()), OTHER)


@lru_cache(maxsize=1024)
def provider_of(host: str) -> str:
    """Return the provider of a mail server by its name; ``other`` for one that is not known."""
    name = host.rstrip(".").lower()
    while name:
        if (found := _BY_DOMAIN.get(name)) is not None:
            return found
        _, _, name = name.partition(".")
    return OTHER

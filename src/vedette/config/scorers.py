"""The ``[scorers.NAME]`` tables: services whose opinions packs may ask for.

Models that were trained need no table: they are found in the state folder by their name.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from vedette.config.document import Table
from vedette.config.settings import ScorerSettings

#: What a pack may call a scorer.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def read_scorer(table: Table) -> ScorerSettings:
    """Read one scorer. Raises ConfigError with file, line and key."""
    url = table.required("url", 'where rspamd listens, such as "http://127.0.0.1:11333"')
    if not _NAME.fullmatch(table.name):
        table.fail("url", f"no pack can name a scorer {table.name!r}; use letters, digits, . _ -")
    try:
        parts = urlsplit(url)
        is_right = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_right = False
    if not is_right:
        table.fail("url", "expected a URL with http:// or https:// and a host")
    scorer = ScorerSettings(
        name=table.name,
        url=url,
        groups=table.texts("groups"),
        private=table.flag("private", default=False),
    )
    table.done()
    return scorer

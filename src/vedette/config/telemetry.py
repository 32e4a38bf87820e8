"""The ``[telemetry]`` table."""

from __future__ import annotations

from urllib.parse import urlsplit

from vedette.config.document import Table


def read_otlp(table: Table) -> str | None:
    """Read where traces go; None for nowhere. Raises ConfigError with file, line and key."""
    url = table.text("otlp")
    table.done()
    if url is None:
        return None
    try:
        parts = urlsplit(url)
        named = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        named = False
    if not named:
        table.fail(
            "otlp", f"expected the URL of a collector, such as http://localhost:4318, not {url}"
        )
    return url

"""Writes the OpenAPI document of the API to docs/reference/openapi.json.

Must not know: any route.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from vedette.api.frame import routed

ROOT: Final = Path(__file__).parents[1]
DOCUMENT: Final = ROOT / "docs" / "reference" / "openapi.json"


def written() -> str:
    """Return the document as the code is now."""
    return json.dumps(routed().openapi(), indent=1, ensure_ascii=False) + "\n"


def main() -> None:
    """Write it where it differs."""
    text = written()
    if not DOCUMENT.exists() or DOCUMENT.read_text() != text:
        DOCUMENT.write_text(text)
        print(f"wrote {DOCUMENT.relative_to(ROOT)}")


if __name__ == "__main__":
    main()

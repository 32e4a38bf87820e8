"""Write the JSON Schema of guard packs, from the same constants as the reader.

Run it as ``python -m scripts.guard_schema``. Must not know: what any key means.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from vedette.guard.schema import schema

PUBLISHED = Path(__file__).parents[1] / "docs" / "reference" / "guard-pack.schema.json"


def text() -> str:
    """Return the schema as it is published."""
    return json.dumps(schema(), indent=1, ensure_ascii=False) + "\n"


def main() -> int:
    """Write the schema if the code has moved away from it."""
    if not PUBLISHED.exists() or PUBLISHED.read_text(encoding="utf-8") != text():
        PUBLISHED.write_text(text(), encoding="utf-8")
        print(f"wrote {PUBLISHED.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

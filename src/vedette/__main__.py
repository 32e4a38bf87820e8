"""``python -m vedette``."""

from __future__ import annotations

import sys

from vedette.cli import main

sys.exit(main())

"""Lists of domains on the disk: fetched, gated, compiled to mapped files, and looked up."""

from __future__ import annotations

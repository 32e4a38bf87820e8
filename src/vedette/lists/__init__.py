"""Lists of domains on the disk: fetched, gated, compiled to mapped files, and looked up.

``shelf`` is where they lie, ``building`` makes one in a process of its own, ``download`` gets
what it is made of, and ``mapped`` is what guards look things up in.
"""

from __future__ import annotations

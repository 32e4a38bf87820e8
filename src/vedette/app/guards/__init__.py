"""Guards in a running service: posted as the settings and the ratchet have it, asked and overruled.

``posting`` keeps them at their posts, ``protections`` holds them to what is enforced, ``desk`` and
``trust_desk`` take what people ask for, ``trusting`` joins these.
"""

from __future__ import annotations

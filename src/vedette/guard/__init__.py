"""Guards: rules that judge a message, explain the judgement, and say what is to be done.

Pure: a pack and a message go in, a verdict comes out. It knows no mailbox, no connection,
no clock and no disk. Reading order: ``pack`` (what a pack says), ``evidence`` (what a message
shows), ``verdict`` (what comes out), then ``judging``.
"""

from __future__ import annotations

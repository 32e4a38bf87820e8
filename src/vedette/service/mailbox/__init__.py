"""A mailbox as it is now: its folders and messages, read and changed on demand over IMAP.

Nothing of it is kept: each request asks the server. Read ``mailboxes`` for what can be asked,
``sessions`` for the connections, ``place`` for what names a message.
"""

from __future__ import annotations

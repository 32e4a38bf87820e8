"""The demonstration: an IMAP server of its own, and the real engine watching it.

Read ``mailbox`` for what the server keeps, ``intake`` and ``arguments`` for how a
command is read, ``dialogue`` for one conversation, ``server`` for the sockets,
and ``story`` for what is shown. The server knows nothing of the engine that watches it.
"""

"""The engine: the long-lived parts that carry a message from announcement to delivery.

Each part has one shape (``part``) and sees the world through ``vedette.ports`` only:
never a database, a socket or a sink of its own. What is decided is decided by
``vedette.sync`` and ``vedette.outbox``; the engine does it, waits, and tries again.
"""

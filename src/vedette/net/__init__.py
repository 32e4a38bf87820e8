"""The network: streams to mail servers, and the guard that says which addresses are allowed.

Reading order: ``dial`` (the way to a server), ``stream`` (what it yields),
``tls``, ``race``, ``address``. Nothing here knows IMAP or the engine.
"""

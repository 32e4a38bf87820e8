"""Vedette watches mailboxes in real time and never loses a message.

The floors of the house, and the reading order, are in ``ARCHITECTURE.md``.
"""

__version__ = "0.1.0"

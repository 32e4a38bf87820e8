"""What the program tells its operator: log lines and counters.

It knows no other room but ``errors`` and ``secret``, so every room above may speak through it.
"""

"""Who owns which mailboxes, as decisions: shards, wishes, moves and leases.

Nothing here asks a database or a clock; ``vedette.engine.owner`` carries the decisions out. It
must not know IMAP, SQL or a process.
"""

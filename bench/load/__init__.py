"""A cheap TLS IMAP server for load: many mailboxes, several processes, measured itself.

``server.load_server`` starts one and is all that a benchmark needs; ``options.Load`` says of
what kind. It must not know who is measured, and nothing here proves that a client is right: it
speaks just enough of the protocol. The process reads as little as it can of every command.
"""

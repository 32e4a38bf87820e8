"""Decisions about following a mailbox, pure: (state, input) in, (next state, what to do) out.

Time is an argument and a machine says when to wake it, so the whole room runs
in a test without a clock, a socket or a server.
"""

"""The doctor: what is asked of a mailbox that is not well, and what helps."""

"""Connect links: addresses by which people connect a mailbox themselves, once."""

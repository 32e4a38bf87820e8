"""What the engine needs from the world, as Protocols and the nouns they pass.

Nothing here does anything: the rooms on the floor above give the real parts,
the tests and the simulator give others, and ``vedette.app`` joins them.
"""

"""What is sent where, when, in which envelope and under which signature: decisions, no sending.

Pure: the instant and the dice are arguments. It knows the nouns and neither the
store nor the sinks.
"""

"""The clients that the benchmarks measure: Vedette and its peers, one small program each.

All obey the same orders (``orders``), so that a figure does not know whom it measures. Each is
written as well as somebody would who knows the library: one TLS context for all connections,
the message asked for by UID without marking it read, no work that is not needed.
"""

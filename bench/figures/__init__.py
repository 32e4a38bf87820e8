"""What is measured: one module for each group of figures that come from the same runs.

A module has one ``Figure``; ``catalogue`` lists them. Must not know: how often and in which order
they are measured.
"""

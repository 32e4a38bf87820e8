"""What the columns of a row say, one module for each noun; every kind of store says it so.

A row is a sequence in the order in which the statements of all kinds select its columns, and
``columns`` are a noun's values by the names of theirs. They know no driver and no SQL.
"""

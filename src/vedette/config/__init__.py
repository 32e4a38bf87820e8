"""What the user wants, read from a file, a URL and the environment, and checked.

This is the only room that reads the environment. Whatever is wrong is one line
with the file, the line and the key.
"""

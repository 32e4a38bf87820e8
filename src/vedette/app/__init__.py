"""The composition root: settings become running parts, and come to an orderly stop.

Here and nowhere else the real clock, dice, sockets, disks and processes enter.
"""

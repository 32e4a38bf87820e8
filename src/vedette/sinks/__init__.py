"""The ways out: one file for each kind of endpoint, none of which knows another.

A sink sends one parcel and says what came of it, in time. It must not know of
the store, of retries or of other endpoints: those are the courier's.
"""

"""What `scanner.storage.delta.Kernel.grow` remembers of text in which nothing was found.

Around a change stands what stood there before, and version after version of a file has most of its lines in common. A
line is known together with all that a match which begins in it may reach: what follows up to `reach` bytes behind the
line's end, since a pattern that crosses a line's end is shorter, and one that does not ends there. Where every line of
a text is known in this way nothing can be found in it.

Kept are 64-bit hashes, each where some of its bits say, the newer in place of the older. They are made with a secret
of each process: whoever could foresee them could write a line that is taken for another.
"""

import os

SLOTS = 1 << 20
"""Hashes in a memory, a power of two."""
_SECRET = 16
_HASH = 8


def memory() -> bytearray:
    """A secret, and that nothing is known: 8 MB, which the system gives as they are used."""
    known = bytearray(_SECRET + _HASH * SLOTS)
    known[:_SECRET] = os.urandom(_SECRET)
    return known

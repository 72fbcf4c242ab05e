"""A small POSIX shell that runs in cluster time: what containers' command lines are read with.

`parser` makes a tree of a script, `interpreter` walks it, `commands` are the programs it knows. What
it cannot do raises Unsupported; the runtime then takes the container for a server of its own kind.
"""


class Unsupported(Exception):
    """The script uses something this shell does not know."""


class Incomplete(Unsupported):
    """The script ends in the middle of a command: more lines may complete it."""

"""When the kubelet tries again what failed: volumes after half a second doubling to about two minutes, container
starts at every sync of the pod. A look that comes late stands for several tries.
"""

from __future__ import annotations

_MOUNT_FIRST = 0.5
_MOUNT_LONGEST = 122.0
_SYNC_SECONDS = 10.0
# What was tried this often is looked at only every five minutes: the spam filter lets no more events through.
_OFTEN = 30
_SELDOM = 30

Tries = list[float]  # tries so far, when the next look is due, and how many tries it stands for


def mount(tries: Tries | None, now: float) -> tuple[Tries, int]:
    """Count a failing mount at `now`: how it stands, and how many new tries failed (0: it is not time yet)."""
    if tries is None:
        return [1, now + _MOUNT_FIRST, 1], 1
    if now < tries[1]:
        return tries, 0
    wait = min(_MOUNT_FIRST * 2.0 ** min(tries[0], 20), _MOUNT_LONGEST)
    return [tries[0] + 1, tries[1] + wait, 1], 1


def start(tries: Tries | None, now: float) -> tuple[Tries, int]:
    """The same for a container that cannot be started."""
    if tries is None:
        return [1, now + _SYNC_SECONDS, 1], 1
    if now < tries[1]:
        return tries, 0
    count = tries[0] + tries[2]
    stands_for = 1 if count < _OFTEN else _SELDOM
    return [count, tries[1] + stands_for * _SYNC_SECONDS, stands_for], int(tries[2])

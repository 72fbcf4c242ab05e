"""Pod Security levels and versions, and what a namespace's labels ask for (`pod-security-admission/api`)."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from minikctl.apimachinery import field
from minikctl.apimachinery.field import FieldError

LEVELS = ("privileged", "baseline", "restricted")
LATEST = 10**6
PREFIX = "pod-security.kubernetes.io/"


class LevelVersion(NamedTuple):
    """A level as of a minor version; `version` is LATEST for the newest."""

    level: str = "privileged"
    version: int = LATEST

    def __str__(self) -> str:
        return f"{self.level}:" + ("latest" if self.version == LATEST else f"v1.{self.version}")


class Policy(NamedTuple):
    """What is enforced and what is only warned about."""

    enforce: LevelVersion = LevelVersion()
    audit: LevelVersion = LevelVersion()
    warn: LevelVersion = LevelVersion()

    def is_privileged(self) -> bool:
        return all(part.level == "privileged" for part in self)


def compare(a: str, b: str) -> int:
    """Positive where level a is stricter than b."""
    return LEVELS.index(a) - LEVELS.index(b)


def policy_of(labels: dict[str, str]) -> tuple[Policy, list[FieldError]]:
    """The policy of a namespace and what is wrong with its labels.

    An unreadable level counts as restricted where it is enforced, elsewhere as privileged.
    """
    relevant = tuple((name, value) for name, value in labels.items() if name.startswith(PREFIX))
    if not relevant:
        return _PRIVILEGED, []
    return _read(relevant)


_PRIVILEGED = Policy()


@lru_cache(maxsize=64)
def _read(labels: tuple[tuple[str, str], ...]) -> tuple[Policy, list[FieldError]]:
    given = dict(labels)
    problems: list[FieldError] = []
    parts: list[LevelVersion] = []
    enforced = False
    for mode in Policy._fields:
        level, version = given.get(PREFIX + mode), given.get(f"{PREFIX}{mode}-version")
        if level is not None and level not in LEVELS:
            detail = f"must be one of {', '.join(LEVELS)}"
            problems.append(field.invalid(f"metadata.labels[{PREFIX}{mode}]", level, detail))
        elif mode == "enforce":
            enforced = level is not None
        minor = _minor(version)
        if minor < 0:
            detail = 'must be "latest" or "v1.x"'
            problems.append(field.invalid(f"metadata.labels[{PREFIX}{mode}-version]", version, detail))
        fallback = "restricted" if mode == "enforce" and level is not None else "privileged"
        part = LevelVersion(level if level in LEVELS else fallback, LATEST if minor < 0 else minor)
        if mode != "enforce" and enforced and level is None and version is None:
            part = max(part, parts[0], key=lambda one: LEVELS.index(one.level))
        parts.append(part)
    return Policy(*parts), problems


def _minor(version: str | None) -> int:
    """The minor version a label names; -1 where it is none."""
    if version in (None, "latest"):
        return LATEST
    assert version is not None
    digits = version.removeprefix("v1.")
    if digits == version or not digits.isdecimal() or not digits.isascii() or (digits[0] == "0" and digits != "0"):
        return -1
    return min(int(digits), LATEST - 1)

"""KubeSchedulerConfiguration files given on the command line or in the environment: read and checked."""

from __future__ import annotations

from typing import Any

from minikctl.kubectl.errors import KubectlError, os_error

VARIABLE = "MINIKCTL_SCHEDULER_CONFIG"


def read(path: str) -> dict[str, Any]:
    """The one document of a file, as it stands there. KubectlError where a scheduler would not start with it."""
    from minikctl.kubectl.manifest import ParseError, documents
    from minikctl.scheduler import config

    try:
        with open(path, "rb") as file:
            found = list(documents(file.read()))
    except OSError as error:
        raise KubectlError(os_error(error)) from None
    except ParseError as error:
        raise KubectlError(f"{path}: {error}") from None
    if len(found) != 1:
        raise KubectlError(f"{path}: one KubeSchedulerConfiguration is expected, found {len(found)} documents")
    try:
        config.load(found[0])
    except config.ConfigError as error:
        raise KubectlError(f"{path}: {error}") from None
    document: dict[str, Any] = found[0]
    return document

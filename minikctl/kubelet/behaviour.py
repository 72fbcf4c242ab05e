"""The annotations through which a pod tells the emulated runtime how its containers behave.

`minikctl.dev/NAME` holds for all containers of the pod, `minikctl.dev/NAME.CONTAINER` for one:

    exit-code         the container exits with this status, at once or after run-seconds
    run-seconds       it exits after so many seconds (status 0 unless exit-code says otherwise)
    start-delay       seconds between being created and running
    stop-seconds      seconds it takes to stop after SIGTERM (up to the grace period)
    image-pull-seconds  how long pulling its image takes
    image-pull-error  its image cannot be pulled; the value is the error ("true": not found)
    logs              what it prints
    logs-file         a file in its file system (of a mounted ConfigMap, say) that it prints when it starts
    http              what it answers over HTTP: a text, or a mapping of paths to texts, statuses, or
                      {status, headers, body}
    cpu, memory       what it uses, as quantities (shown by `top`)
    ephemeral-storage what it uses of the local disk, as a quantity or a curve (see podusage)
    volume.NAME       the same for an emptyDir volume
    startup, readiness, liveness   "failure": this probe fails; any other text is its failure's output
"""

from __future__ import annotations

from minikctl.apimachinery.request import Obj

PREFIX = "minikctl.dev/"


def value(pod: Obj, name: str, container: str) -> str | None:
    """The annotation for a container, or None."""
    annotations = pod["metadata"].get("annotations")
    if not annotations:
        return None
    key = PREFIX + name
    found: str | None = annotations.get(f"{key}.{container}", annotations.get(key))
    return found


def number(pod: Obj, name: str, container: str) -> float | None:
    """The annotation as a number; None where it is absent or none."""
    text = value(pod, name, container)
    if text is None:
        return None
    try:
        return float(text)
    except ValueError:
        return None

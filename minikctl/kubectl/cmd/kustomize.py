"""kubectl kustomize: build a kustomization directory and print the objects.

Upstream counterpart: kustomize's `kustomize/commands/build`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

from minikctl.kubectl.command import Command, Options
from minikctl.kubectl.errors import KubectlError, os_error
from minikctl.kubectl.flags import BOOL, STRING, STRING_ARRAY, Flag

_ORDERS = ("legacy", "none")
_RESTRICTORS = {"LoadRestrictionsRootOnly": True, "LoadRestrictionsNone": False}


class KustomizeOptions(Options):
    """Which directory, and where the result goes."""

    path = "."

    def complete(self, args: list[str]) -> None:
        if len(args) > 1:
            raise KubectlError("specify one path to kustomization.yaml")
        self.path = args[0] if args else "."

    def validate(self) -> None:
        restrictor = self.flags["load-restrictor"]
        if restrictor not in _RESTRICTORS:
            raise _illegal("load-restrictor", restrictor, _RESTRICTORS)
        if self.flags.changed("reorder") and self.flags["reorder"] not in _ORDERS:
            raise _illegal("reorder", self.flags["reorder"], _ORDERS)

    def run(self) -> None:
        from minikctl.kubectl.kustomize.problem import KustomizeError
        from minikctl.kubectl.kustomize.target import build
        from minikctl.printers import yamlout

        try:
            objects = build(
                self.path, self.factory.err, restricted=_RESTRICTORS[self.flags["load-restrictor"]],
                legacy=self.flags["reorder"] != "none", enable_helm=self.flags["enable-helm"],
            )  # fmt: skip
        except KustomizeError as error:
            raise KubectlError(str(error)) from None
        output = self.flags["output"]
        if output and os.path.isdir(output):
            _write_files(output, objects)
            return
        text = "---\n".join(yamlout.dump(obj) for obj in objects)
        if output:
            _write(output, text)
        else:
            self.factory.streams.out.write(text)


def _illegal(flag: str, value: str, legal: Iterable[str]) -> KubectlError:
    return KubectlError(f"illegal flag value --{flag} {value}; legal values: [{' '.join(legal)}]")


def _write_files(directory: str, objects: list[dict[str, Any]]) -> None:
    """One file per object; those of several namespaces carry theirs in the name."""
    from minikctl.printers import yamlout

    namespaces = {obj["metadata"].get("namespace", "") for obj in objects}
    for obj in objects:
        group = obj["apiVersion"].replace("/", "_").lower()
        name = f"{group}_{obj['kind'].lower()}_{obj['metadata']['name'].lower()}.yaml"
        namespace = obj["metadata"].get("namespace", "")
        if len(namespaces - {""}) > 1 and namespace:
            name = f"{namespace.lower()}_{name}"
        _write(os.path.join(directory, name), yamlout.dump(obj))


def _write(path: str, text: str) -> None:
    try:
        with open(path, "w", encoding="utf-8", errors="surrogateescape") as file:
            file.write(text)
    except OSError as error:
        raise KubectlError(os_error(error)) from None


COMMAND = Command(
    "kustomize DIR [flags]",
    KustomizeOptions,
    (
        Flag("as-current-user", "", BOOL, False, "Run functions as the current user (functions are not supported)"),
        Flag("enable-alpha-plugins", "", BOOL, False, "Enable kustomize plugins (external plugins are not supported)"),
        Flag("enable-helm", "", BOOL, False, "Enable the Helm chart inflator (not supported)"),
        Flag("env", "e", STRING_ARRAY, [], "Environment variables for functions"),
        Flag("helm-api-versions", "", STRING_ARRAY, [], "Kubernetes API versions that Helm uses"),
        Flag("helm-command", "", STRING, "helm", "The helm program"),
        Flag("helm-debug", "", BOOL, False, "Print what the Helm chart inflator does"),
        Flag("helm-kube-version", "", STRING, "", "Kubernetes version that Helm uses"),
        Flag(
            "load-restrictor", "", STRING, "LoadRestrictionsRootOnly",
            "LoadRestrictionsNone lets kustomizations read files from outside their directory, which makes them "
            "harder to move.",
        ),
        Flag("mount", "", STRING_ARRAY, [], "Storage for functions"),
        Flag("network", "", BOOL, False, "Give functions the network"),
        Flag("network-name", "", STRING, "bridge", "The network for functions"),
        Flag(
            "reorder", "", STRING, "unspecified", "The order of the objects: legacy or none.",
            deprecated="use the new 'sortOptions' field in kustomization.yaml instead.",
        ),
        Flag("output", "o", STRING, "", "Write to this file, or one file per object into this directory."),
    ),
    long="""
Build the objects of a kustomization: a directory with a file kustomization.yaml that names resources and says how to
change them. Without DIR the current directory is built. Nothing is read from the network.
""",
    example="""
        # Build the current directory
        kubectl kustomize

        # Build some shared configuration
        kubectl kustomize /home/config/production
        """,
)  # fmt: skip

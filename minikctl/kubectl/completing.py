"""The hidden `__complete` command: what could stand where the cursor is.

Prints one candidate per line with its description after a tab, then `:DIRECTIVE` (4: no file names),
as cobra's completion does. Whatever goes wrong, it just completes nothing.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence

from minikctl.kubectl import commands, main
from minikctl.kubectl.factory import Factory, Streams
from minikctl.kubectl.flags import FlagError, Values
from minikctl.kubectl.kubeconfig_edit import Editor

_NO_FILES = 4
_TYPED = frozenset(
    (
        "annotate", "autoscale", "delete", "describe", "edit", "expose", "get", "label", "patch", "scale", "wait",
        "set env", "set image", "set resources", "set serviceaccount", "apply view-last-applied",
        "apply edit-last-applied",
    )
)  # fmt: skip
_FIXED = {
    "logs": "pods", "exec": "pods", "attach": "pods", "port-forward": "pods", "top pod": "pods", "cordon": "nodes",
    "uncordon": "nodes", "drain": "nodes", "top node": "nodes",
    "certificate approve": "certificatesigningrequests.certificates.k8s.io",
    "certificate deny": "certificatesigningrequests.certificates.k8s.io",
}  # fmt: skip
_ROLLED = ("deployment", "daemonset", "statefulset")


def complete(args: Sequence[str], streams: Streams, environ: Mapping[str, str]) -> int:
    """Print the candidates for the last of `args`."""
    *before, word = args or [""]
    try:
        candidates = list(_candidates(before, word, environ))
    except Exception:  # a shell that completes must never see an error
        candidates = []
    files = any(flag in before[-1:] for flag in ("-f", "--filename"))
    for candidate in sorted(set(candidates)):
        if candidate.startswith(word):
            streams.out.write(candidate + "\n")
    streams.out.write(f":{0 if files else _NO_FILES}\n")
    return 0


def _candidates(before: list[str], word: str, environ: Mapping[str, str]) -> Iterable[str]:
    path, rest = main.find(before)
    command = main.load(path)
    flags = command.flag_set
    if before and flags.takes_value(before[-1]) and before[-1].startswith("-"):
        return _flag_values(before[-1].lstrip("-"), environ)
    if word.startswith("-"):
        shown = [flag for flag in flags.by_name.values() if not flag.hidden]
        return [f"--{flag.name}\t{flag.usage}" for flag in shown]
    entry = commands.TREE[path]
    if entry.children and not main.strip_flags(rest, flags):
        return [f"{name}\t{commands.entry((*path, name)).short}" for name in commands.children(path)]
    return _arguments(path, rest, word, environ)


def _factory(values: Values, environ: Mapping[str, str]) -> Factory:
    quiet = io.StringIO()
    return Factory(values, Streams(quiet, quiet, quiet), environ, "minikctl")


def _arguments(path: tuple[str, ...], rest: list[str], word: str, environ: Mapping[str, str]) -> Iterable[str]:
    try:
        values, words = main.load(path).flag_set.parse(rest, lambda text: None)
    except FlagError:
        return []
    name = " ".join(path)
    if path[:1] == ("config",):
        return _config_names(name, environ)
    if name == "completion":
        return ["bash", "fish", "powershell", "zsh"]
    with _factory(values, environ) as factory:
        if name == "explain":
            return [row.plural for row in factory.resources.preferred()]
        if name in _FIXED and not words:
            return _names(factory, _FIXED[name])
        if path[:1] == ("rollout",):
            return list(_ROLLED) if not words else _names(factory, words[0])
        if name not in _TYPED:
            return []
        if "/" in word:
            kind = word.partition("/")[0]
            return [f"{kind}/{found}" for found in _names(factory, kind)]
        if not words:
            return [row.plural for row in factory.resources.preferred() if "get" in row.verbs]
        return [found for found in _names(factory, words[0]) if found not in words[1:]]


def _names(factory: Factory, kind: str) -> list[str]:
    row = factory.resolve(kind)
    namespace = factory.namespace if row.namespaced else ""
    return [item["metadata"]["name"] for item in factory.client.list(row, namespace)["items"]]


def _flag_values(name: str, environ: Mapping[str, str]) -> Iterable[str]:
    if name in ("n", "namespace"):
        values, _ = main.load(("get",)).flag_set.parse([], lambda text: None)
        with _factory(values, environ) as factory:
            return _names(factory, "namespaces")
    if name in ("context", "cluster", "user"):
        return list(Editor("", environ).section(name + "s"))
    if name in ("o", "output"):
        return ["json", "yaml", "kyaml", "name", "wide", "jsonpath=", "go-template=", "custom-columns="]
    if name == "dry-run":
        return ["none", "client", "server"]
    return []


def _config_names(name: str, environ: Mapping[str, str]) -> Iterable[str]:
    editor = Editor("", environ)
    if name.endswith("-cluster"):
        return list(editor.section("clusters"))
    if name.endswith(("-user", "-credentials")):
        return list(editor.section("users"))
    if "context" in name:
        return list(editor.section("contexts"))
    return []

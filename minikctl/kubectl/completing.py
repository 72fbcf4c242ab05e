"""`__complete`: what could stand where the user pressed the tab key.

Called by main for the shells' scripts; imports no more than `get` does. Upstream counterparts: cobra's
`__complete` and kubectl's `pkg/util/completion`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from minikctl.kubectl import commands
from minikctl.kubectl.completiontables import CHOICES, COMMANDS, FLAGS
from minikctl.kubectl.flags import Flag, FlagError, FlagSet, Values

if TYPE_CHECKING:
    from minikctl.kubectl.factory import Factory
    from minikctl.kubectl.main import Session

# The directives of completionscripts, which is not imported here.
ERROR, NO_SPACE, NO_FILES, FILTER_EXTENSIONS, FILTER_DIRECTORIES = 1, 2, 4, 8, 16
_WORDS = {
    0: "ShellCompDirectiveDefault", ERROR: "ShellCompDirectiveError", NO_SPACE: "ShellCompDirectiveNoSpace",
    NO_FILES: "ShellCompDirectiveNoFileComp", FILTER_EXTENSIONS: "ShellCompDirectiveFilterFileExt",
    FILTER_DIRECTORIES: "ShellCompDirectiveFilterDirs",
}  # fmt: skip

Answer = tuple[list[str], int]


def run(session: Session, args: Sequence[str]) -> None:
    """Answer `__complete WORD...`; the last word is the one to complete."""
    words = list(args[1:])
    candidates, directive = complete(session, words[:-1], words[-1] if words else "")
    for candidate in candidates:
        session.out((candidate.partition("\t")[0] if args[0] == "__completeNoDesc" else candidate) + "\n")
    session.out(f":{directive}\n")
    names = [name for bit, name in _WORDS.items() if bit and directive & bit] or [_WORDS[0]]
    session.streams.err.write(f"Completion ended with directive: {', '.join(names)}\n")


def complete(session: Session, words: list[str], current: str) -> Answer:
    """Candidates (with a tab and a description where there is one) and what the shell is to do."""
    from minikctl.kubectl import main

    path, rest = main.find(words)
    try:
        command = main.load(path)
    except Exception:
        return [], NO_FILES
    return _Completion(session, path, command.flag_set, rest, current).answer()


class _Completion:
    """One question."""

    def __init__(self, session: Session, path: tuple[str, ...], flags: FlagSet, words: list[str], current: str) -> None:
        self.session = session
        self.path = path
        self.flags = flags
        self.words = words
        self.current = current

    def answer(self) -> Answer:
        """Flag value, flag name, subcommand or argument."""
        current = self.current
        if "--" not in self.words:
            if self.words and self.words[-1].startswith("-") and self.flags.takes_value(self.words[-1]):
                flag = self._flag(self.words.pop())
                return self._value(flag, current, "") if flag else ([], 0)
            if current.startswith("-") and "=" in current:
                name, _, value = current.partition("=")
                flag = self._flag(name)
                return self._value(flag, value, f"{name}=") if flag else ([], 0)
            if current.startswith("-"):
                return self._flag_names()
        values, args = self._parsed()
        found: list[str] = []
        directive = NO_FILES
        entry = commands.TREE[self.path]
        if entry.children and not args:
            found = self._subcommands()
        if "/".join(self.path) in COMMANDS:
            more, directive = self._arguments(values, args)
            found += more
        elif not entry.children and not found:
            directive = 0
        return found, directive

    def _flag(self, word: str) -> Flag | None:
        if word.startswith("--"):
            return self.flags.by_name.get(word[2:])
        return self.flags.by_short.get(word[-1])

    def _parsed(self) -> tuple[Values, list[str]]:
        words = self.words
        while True:
            try:
                return self.flags.parse(words, lambda text: None)
            except FlagError:
                if not words:
                    return Values({}), []
                words = words[:-1]

    def _subcommands(self) -> list[str]:
        names = [*commands.children(self.path), *([] if self.path else ["help"])]
        found = []
        for name in sorted(names):
            if name.startswith(self.current):
                entry = commands.TREE.get((*self.path, name))
                found.append(f"{name}\t{entry.short if entry else 'Help about any command'}")
        return found

    def _flag_names(self) -> Answer:
        given = set()
        for word in self.words:
            flag = self._flag(word.partition("=")[0]) if len(word) > 1 and word[0] == "-" else None
            if flag is not None and not isinstance(flag.default, list | dict):
                given.add(flag.name)
        found = []
        for name in sorted(self.flags.by_name):
            flag = self.flags.by_name[name]
            if flag.hidden or name in given:
                continue
            if f"--{name}".startswith(self.current):
                found.append(f"--{name}\t{flag.usage}")
                if not flag.bare:
                    found.append(f"--{name}=\t{flag.usage}")
            if flag.short and f"-{flag.short}".startswith(self.current):
                found.append(f"-{flag.short}\t{flag.usage}")
        single = len(found) == 1 and found[0].partition("\t")[0].endswith("=")
        return found, NO_FILES | (NO_SPACE if single else 0)

    def _value(self, flag: Flag, current: str, prefix: str) -> Answer:
        """The values of one flag."""
        self.current = current
        if flag.name == "output":
            choices: Iterable[str] = _formats(flag.usage)
        elif flag.name == "filename":
            return ["json", "yaml", "yml"], FILTER_EXTENSIONS
        elif flag.name == "kustomize":
            return [], FILTER_DIRECTORIES
        elif flag.name in CHOICES:
            choices = CHOICES[flag.name]
        elif flag.name in FLAGS:
            values, args = self._parsed()
            choices = self._ask(values, lambda factory: self._source(factory, FLAGS[flag.name], args))
        else:
            return [], 0
        return [f"{prefix}{item}" for item in choices if item.startswith(current)], NO_FILES

    # -- arguments

    def _arguments(self, values: Values, args: list[str]) -> Answer:
        """What may come after the arguments given so far."""
        kinds = COMMANDS["/".join(self.path)]
        kind = kinds[min(len(args), len(kinds) - 1)]
        if kind == "files":
            return [], 0
        if kind == "directories":
            return [], FILTER_DIRECTORIES
        found = self._ask(values, lambda factory: self._source(factory, kind, args))
        found = [item for item in found if item.startswith(self.current)]
        slashes = bool(found) and all(item.endswith("/") for item in found)
        return found, NO_FILES | (NO_SPACE if slashes else 0)

    def _ask(self, values: Values, question: Callable[[Factory], Iterable[str]]) -> list[str]:
        """Ask the cluster or the kubeconfig; whatever goes wrong, there are no candidates."""
        try:
            with self.session.factory(self.path, values) as factory:
                return list(question(factory))
        except Exception:
            return []

    def _source(self, factory: Factory, kind: str, args: list[str]) -> Iterable[str]:
        if kind == "types":
            return self._types(factory)
        if kind == "type-or-name":
            return self._type_or_name(factory, args)
        if kind == "containers":
            return _containers(factory, args)
        if kind in ("contexts", "clusters", "users"):
            return sorted(factory.config.sections[kind])
        if kind == "pods-or-types":
            return self._pods_or_types(factory)
        if kind.startswith("only "):
            return self._only(factory, kind[5:].split(), args)
        if kind.startswith("words "):
            return kind[6:].split()
        if kind == "none":
            return []
        return self._names(factory, kind, args)

    def _types(self, factory: Factory) -> list[str]:
        head, comma, _ = self.current.rpartition(",")
        rows = factory.resources.preferred()
        return sorted(f"{head}{comma}{row.key}" for row in rows if "get" in row.verbs)

    def _type_or_name(self, factory: Factory, args: list[str]) -> list[str]:
        if not args:
            kind, slash, _ = self.current.partition("/")
            if slash:
                return [f"{kind}/{name}" for name in self._names(factory, kind, ())]
            return self._types(factory)
        if "/" in args[0]:
            kind, slash, _ = self.current.partition("/")
            return [f"{kind}/{name}" for name in self._names(factory, kind, args)] if slash else self._types(factory)
        return self._names(factory, args[0], args[1:])

    def _only(self, factory: Factory, kinds: list[str], args: list[str]) -> list[str]:
        """Commands that work on a few types: `deployment NAME` or `deployment/NAME`."""
        kind, slash, _ = self.current.partition("/")
        if slash:
            return [f"{kind}/{name}" for name in self._names(factory, kind, args)]
        if not args:
            return kinds
        return [] if "/" in args[0] else self._names(factory, args[0], args[1:])

    def _pods_or_types(self, factory: Factory) -> list[str]:
        kind, slash, _ = self.current.partition("/")
        if slash:
            return [f"{kind}/{name}" for name in self._names(factory, kind, ())]
        owners = ("daemonsets", "deployments", "jobs", "pods", "replicasets", "services", "statefulsets")
        return [*self._names(factory, "pods", ()), *(f"{owner}/" for owner in owners)]

    def _names(self, factory: Factory, kind: str, taken: Sequence[str]) -> list[str]:
        row = factory.resolve(kind)
        namespace = factory.namespace if row.namespaced else ""
        found: Any = factory.client.items(row.key, namespace)
        return sorted(name for item in found if (name := item["metadata"]["name"]) not in taken)


def _containers(factory: Factory, args: list[str]) -> list[str]:
    """The containers of the pod an argument names."""
    kind, _, name = args[0].rpartition("/") if args else ("", "", "")
    if not name or (kind and factory.resolve(kind).key != "pods"):
        return []
    spec = factory.client.get("pods", name, factory.namespace)["spec"]
    fields = ("containers", "initContainers", "ephemeralContainers")
    return [container["name"] for field in fields for container in spec.get(field) or ()]


def _formats(usage: str) -> list[str]:
    """The output formats that a flag's help lists."""
    listed = usage.partition("(")[2].partition(")")[0]
    return [name.strip() for name in listed.split(",") if name.strip()]

"""`__complete`: what could stand where the user pressed the tab key.

Called by main for the shells' scripts; imports no more than `get` does. Upstream counterparts: cobra's
`__complete` and kubectl's `pkg/util/completion`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from minikctl.kubectl import commands
from minikctl.kubectl.completiontables import CHOICES, COMMANDS, FLAGS, POD_OWNERS
from minikctl.kubectl.flags import Flag, FlagError, FlagSet, Values
from minikctl.kubectl.flagsets import GLOBAL

if TYPE_CHECKING:
    from minikctl.kubectl.command import KubectlCommand
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
    unknown = [] if path else main.strip_flags(rest, FlagSet(GLOBAL))
    if unknown and unknown[0] != "help":
        session.warn("[Debug] Cleared global flags for plugin completion")
        session.warn(f"[Debug] [Error] unable to find a command for arguments: [{' '.join(words)}]")
        return [], 0
    if unknown:
        path, rest = main.find(unknown[1:])
        return (_Completion(session, path, main.load(path), [], current).subcommands() if not rest else []), NO_FILES
    return _Completion(session, path, main.load(path), rest, current).answer()


class _Completion:
    """One question."""

    def __init__(
        self, session: Session, path: tuple[str, ...], command: KubectlCommand, words: list[str], current: str
    ) -> None:
        self.session = session
        self.path = path
        self.own = {flag.name for flag in command.definition.flags} | {"help"}
        self.required = command.definition.required
        self.flags = command.flag_set
        self.words = words
        self.current = current

    def answer(self) -> Answer:
        """Flag value, flag name, subcommand or argument."""
        current = self.current
        if "--" not in self.words:
            last = self.words[-1] if self.words else ""
            if last.startswith("-") and self.flags.takes_value(last) and (flag := self._flag(last)):
                self.words.pop()
                return self._value(flag, current)
            if current.startswith("-") and "=" in current:
                name, _, value = current.partition("=")
                flag = self._flag(name)
                return self._value(flag, value) if flag else ([], 0)
        try:
            values, args = self.flags.parse(self.words, lambda text: None)
        except FlagError as error:
            self.session.warn(f"[Debug] [Error] Error while parsing flags from args [{' '.join(self.words)}]: {error}")
            return [], 0
        missing = self._required(values)
        if current.startswith("-") and "--" not in self.words:
            return missing or self._flag_names(values), NO_FILES
        # A flag of the command itself says that it is meant, not one of its subcommands.
        own = bool(args) or any(values.changed(name) for name in self.own)
        found = [] if own else self.subcommands()
        directive = NO_FILES if commands.TREE[self.path].children and not own else 0
        if "/".join(self.path) in COMMANDS:
            more, directive = self._arguments(values, args)
            return [*found, *missing, *more], directive
        return [*found, *missing], directive

    def _required(self, values: Values) -> list[str]:
        """The flags that must be given and are not yet."""
        rows = (self.flags.by_name[name] for name in self.required if not values.changed(name))
        return [f"--{flag.name}\t{flag.usage}" for flag in rows if f"--{flag.name}".startswith(self.current)]

    def _flag(self, word: str) -> Flag | None:
        if word.startswith("--"):
            return self.flags.by_name.get(word[2:])
        return self.flags.by_short.get(word[-1])

    def subcommands(self) -> list[str]:
        """The subcommands that begin so; minikctl's own are not kubectl's."""
        names = [*commands.children(self.path), *([] if self.path else ["help", "options"])]
        found = []
        for name in sorted(names):
            entry = commands.TREE.get((*self.path, name))
            own = entry is not None and entry.group == "minikctl" and self.session.program == "kubectl"
            if name.startswith(self.current) and not own:
                found.append(f"{name}\t{entry.short if entry else 'Help about any command'}")
        return found

    def _flag_names(self, values: Values) -> list[str]:
        """The flags of every command, then those of this one; one that was given again only if it takes several."""
        found = []
        for name in sorted(self.flags.by_name, key=lambda name: (name in self.own, name)):
            flag = self.flags.by_name[name]
            several = isinstance(flag.default, list | dict)
            if (flag.hidden and name != "help") or (values.changed(name) and not several):
                continue
            shown = (f"--{name}", f"-{flag.short}" if flag.short else "")
            found += [f"{word}\t{flag.usage}" for word in shown if word and word.startswith(self.current)]
        return found

    def _value(self, flag: Flag, current: str) -> Answer:
        """The values of one flag; the shells put what stands before an equals sign in front."""
        self.current = current
        where = f"{'/'.join(self.path)} {flag.name}"
        if flag.name == "filename":
            return ["json", "yaml", "yml"], FILTER_EXTENSIONS
        if where == "get output":
            choices: Iterable[str] = _formats(flag.usage)
        elif where in CHOICES:
            choices = CHOICES[where]
        elif where in FLAGS or (flag.name in FLAGS and flag.name not in self.own):
            source = FLAGS.get(where) or FLAGS[flag.name]
            try:
                values, args = self.flags.parse(self.words, lambda text: None)
            except FlagError:
                return [], 0
            choices = self._ask(values, lambda factory: self._source(factory, source, args))
        else:
            return [], 0
        return [item for item in choices if item.startswith(current)], NO_FILES

    # -- arguments

    def _arguments(self, values: Values, args: list[str]) -> Answer:
        """What may come after the arguments given so far."""
        kinds = COMMANDS["/".join(self.path)]
        kind = kinds[min(len(args), len(kinds) - 1)]
        if kind == "files":
            return [], 0
        found = self._ask(values, lambda factory: self._source(factory, kind, args))
        if kind == "pod-files":
            return found, NO_SPACE
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
        if kind == "pod-files":
            return self._pod_files(factory, args)
        if kind.startswith("only "):
            return self._only(factory, kind[5:].split(), args)
        if kind.startswith("once "):
            return [] if args and ("/" in args[0] or len(args) > 1) else self._only(factory, kind[5:].split(), args)
        if kind.startswith("words "):
            return kind[6:].split()
        if kind == "none":
            return []
        return self._names(factory, kind, args)

    def _types(self, factory: Factory) -> list[str]:
        head, comma, _ = self.current.rpartition(",")
        rows = [row for row in factory.resources.preferred() if "get" in row.verbs]
        return [f"{head}{comma}{row.key}" for row in sorted(rows, key=lambda row: (row.group, row.plural))]

    def _type_or_name(self, factory: Factory, args: list[str]) -> list[str]:
        kind, slash, _ = self.current.partition("/")
        if slash and (not args or "/" in args[0]):
            return [f"{kind}/{name}" for name in self._names(factory, kind, [arg.partition("/")[2] for arg in args])]
        if not args:
            return self._types(factory)
        if "/" in args[0]:
            return [f"{name}/" for name in self._types(factory)]
        return self._names(factory, args[0], args[1:])

    def _only(self, factory: Factory, kinds: list[str], args: list[str]) -> list[str]:
        """Commands that work on a few types: `deployment NAME` or `deployment/NAME`."""
        kind, slash, _ = self.current.partition("/")
        if slash:
            return [f"{kind}/{name}" for name in self._names(factory, kind, args)]
        if not args:
            return kinds
        return [f"{one}/" for one in kinds] if "/" in args[0] else self._names(factory, args[0], args[1:])

    def _pods_or_types(self, factory: Factory) -> list[str]:
        kind, slash, _ = self.current.partition("/")
        if slash:
            return [f"{kind}/{name}" for name in self._names(factory, kind, ())]
        return [*self._names(factory, "pods", ()), *(f"{owner}/" for owner in POD_OWNERS)]

    def _pod_files(self, factory: Factory, args: list[str]) -> list[str]:
        """`cp`: namespaces and pods, and files here once something was typed."""
        current = self.current
        namespace, slash, _ = current.partition("/")
        if args or current[:1] in ("/", ".", "~") or ":" in current:
            return []
        if slash:
            pods = [f"{namespace}/{name}:" for name in self._names(factory, "pods", (), namespace)]
            return [pod for pod in pods if pod.startswith(current)]
        found = [f"{name}/" for name in self._names(factory, "namespaces", ()) if name.startswith(current)]
        found += [f"{name}:" for name in self._names(factory, "pods", ()) if name.startswith(current)]
        if not current:
            return [*found, "./", "/"]
        files = sorted(os.scandir("."), key=lambda entry: entry.name) if found else []
        return found + [f"{file.name}{'/' * file.is_dir()}" for file in files if file.name.startswith(current)]

    def _names(self, factory: Factory, kinds: str, taken: Sequence[str], namespace: str = "") -> list[str]:
        names: list[str] = []
        for kind in kinds.split(","):
            rows = factory.resources.in_category(kind) or [factory.resolve(kind)]
            for row in rows:
                place = (namespace or factory.namespace) if row.namespaced else ""
                found: Any = factory.client.items(row.key, place)
                names += sorted(name for item in found if (name := item["metadata"]["name"]) not in taken)
        return names


def _containers(factory: Factory, args: list[str]) -> list[str]:
    """The containers of the pod an argument names, or of the pods of another object's template."""
    kind, _, name = args[0].rpartition("/") if args else ("", "", "")
    if not name:
        return []
    row = factory.resolve(kind or "pods")
    spec = factory.client.get(row.key, name, factory.namespace)["spec"]
    if row.key != "pods":
        spec = spec["template"]["spec"]
    fields = ("initContainers", "containers", "ephemeralContainers")
    return [container["name"] for field in fields for container in spec.get(field) or ()]


def _formats(usage: str) -> list[str]:
    """The output formats that a flag's help lists."""
    listed = usage.partition("(")[2].partition(")")[0]
    return [name.strip() for name in listed.split(",") if name.strip()]

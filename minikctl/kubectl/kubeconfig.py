"""Reading kubeconfig files: loading rules, merging, and what a context stands for.

`get` must not import yaml, so a parsed copy is kept as JSON beside the clusters, keyed by the file's
path, inode, time and size. Upstream counterpart: client-go's `tools/clientcmd`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping

from minikctl.apimachinery.request import Obj
from minikctl.kubectl.errors import ConfigInvalid, KubectlError, PlainError
from minikctl.kubectl.flags import Values, quote

DEFAULT_NAME = "minikctl"
SECTIONS = ("clusters", "contexts", "users")
ENTRY = {"clusters": "cluster", "contexts": "context", "users": "user"}

_CREDENTIALS = ("token", "username", "password", "client-certificate", "client-key")
# The commands that look up the server before the namespace; so do `create` with a subcommand, and --raw.
_SERVER_FIRST = frozenset(
    ("version", "cluster-info", "cluster-info dump", "api-resources", "api-versions", "explain", "auth whoami",
     "auth can-i", "top node", "create", "apply", "replace", "expose", "run", "autoscale", "set env",
     "certificate approve", "certificate deny", "cordon", "uncordon", "drain", "proxy", "wait", "diff")
)  # fmt: skip


class Kubeconfig:
    """One or several merged kubeconfig files.

    `sections` maps "clusters", "contexts", "users" to name -> entry; `origin` says which file an
    entry came from; `files` are the paths that were looked at, in order.
    """

    def __init__(self, files: list[str]) -> None:
        self.files = files
        self.sections: dict[str, dict[str, Obj]] = {name: {} for name in SECTIONS}
        self.origin: dict[tuple[str, str], str] = {}
        self.current_context = ""
        self.preferences: Obj = {}
        self.extensions: list[Obj] = []

    def merge(self, raw: Obj, path: str) -> None:
        """Add one file's content; what an earlier file said wins."""
        for section in SECTIONS:
            for item in raw.get(section) or ():
                name = item.get("name", "")
                if name not in self.sections[section]:
                    self.sections[section][name] = item.get(ENTRY[section]) or {}
                    self.origin[(section, name)] = path
        self.current_context = self.current_context or raw.get("current-context") or ""
        for key, value in (raw.get("preferences") or {}).items():
            self.preferences.setdefault(key, value)
        self.extensions = self.extensions or raw.get("extensions") or []

    def to_raw(self) -> Obj:
        """The config as one document, names sorted, as kubectl writes it."""
        raw: Obj = {"apiVersion": "v1"}
        for section in SECTIONS:
            entries = self.sections[section]
            raw[section] = [{ENTRY[section]: entries[name], "name": name} for name in sorted(entries)] or None
        raw["current-context"] = self.current_context
        raw["kind"] = "Config"
        if self.extensions:
            raw["extensions"] = self.extensions
        if self.preferences:
            raw["preferences"] = self.preferences
        return raw


def home(environ: Mapping[str, str]) -> str:
    """$MINIKCTL_HOME, by default ~/.minikctl."""
    return environ.get("MINIKCTL_HOME") or os.path.join(environ.get("HOME") or os.path.expanduser("~"), ".minikctl")


def default_path(environ: Mapping[str, str]) -> str:
    """The kubeconfig used when neither --kubeconfig nor $KUBECONFIG names one."""
    return os.path.join(home(environ), "config")


def paths(explicit: str, environ: Mapping[str, str]) -> list[str]:
    """The files to load, in order of precedence."""
    if explicit:
        return [explicit]
    listed = [path for path in environ.get("KUBECONFIG", "").split(os.pathsep) if path]
    return list(dict.fromkeys(listed)) or [default_path(environ)]


def load(explicit: str, environ: Mapping[str, str], cached: bool = True) -> Kubeconfig:
    """The merged configuration. A missing file counts as empty."""
    files = paths(explicit, environ)
    config = Kubeconfig(files)
    cache = os.path.join(home(environ), "cache", "kubeconfig.json") if cached else ""
    for path in files:
        raw = read(path, cache)
        if raw is not None:
            config.merge(raw, path)
    return config


def read(path: str, cache: str = "") -> Obj | None:
    """One kubeconfig file as a document, None when there is no such file."""
    try:
        stat = os.stat(path)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise KubectlError(f"stat {path}: {(error.strerror or '').lower()}") from None
    key = f"{os.path.abspath(path)}:{stat.st_ino}:{stat.st_mtime_ns}:{stat.st_size}"
    if cache:
        try:
            with open(cache, "rb") as file:
                stored = json.loads(file.read())
            if stored["key"] == key:
                raw: Obj = stored["config"]
                return raw
        except (OSError, ValueError, KeyError, TypeError):
            pass
    raw = _parse(path)
    if cache:
        _remember(cache, {"key": key, "config": raw})
    return raw


def _remember(cache: str, content: Obj) -> None:
    """Write the cache; a directory that cannot be written is no reason to fail."""
    try:
        os.makedirs(os.path.dirname(cache), exist_ok=True)
        temporary = f"{cache}.{os.getpid()}"
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(descriptor, "w", encoding="utf-8") as file:
            json.dump(content, file)
        os.replace(temporary, cache)
    except OSError:
        pass


def _parse(path: str) -> Obj:
    from minikctl.kubectl import kubeconfigtypes
    from minikctl.kubectl.manifest import ParseError, parse_yaml

    def refuse(why: object) -> KubectlError:
        return KubectlError(f'error loading config file "{path}": {why}')

    try:
        with open(path, "rb") as file:
            data = file.read()
    except IsADirectoryError:
        raise refuse(f"read {path}: is a directory") from None
    except OSError as error:
        raise refuse(f"open {path}: {(error.strerror or '').lower()}") from None
    try:
        raw = parse_yaml(data)
    except ParseError as error:
        raise refuse(str(error).removeprefix("error converting YAML to JSON: ")) from None
    if raw is None:
        return {}
    if not isinstance(raw, dict):
        from minikctl.kubectl.decoding import not_an_object

        raise refuse(not_an_object(raw))
    version, kind = raw.get("apiVersion") or "v1", raw.get("kind") or "Config"
    if (version, kind) != ("v1", "Config"):
        scheme = "k8s.io/client-go/tools/clientcmd/api/latest/latest.go:50"
        raise refuse(f'no kind "{kind}" is registered for version "{version}" in scheme "{scheme}"')
    try:
        return kubeconfigtypes.typed(raw)
    except kubeconfigtypes.WrongType as problem:
        raise refuse(problem) from None


class Target:
    """What the chosen context stands for: the store's address, the user entry, the namespace."""

    __slots__ = ("context", "namespace", "namespace_given", "server", "user", "user_name")

    def __init__(self, context: str, server: str, user: Obj, user_name: str, namespace: str, given: bool) -> None:
        self.context = context
        self.server = server
        self.user = user
        self.user_name = user_name
        self.namespace = namespace
        self.namespace_given = given


def target(config: Kubeconfig, flags: Values, command: str = "") -> Target:
    """Resolve --context, --cluster, --user, -s, -n and credentials flags against the config.

    What is missing is said in other words to a command that asks for the server before the namespace.
    """
    explicit = flags.get("kubeconfig")
    if explicit and not os.path.exists(explicit):
        raise KubectlError(f"stat {explicit}: no such file or directory")
    server_first = (
        command in _SERVER_FIRST
        or (command.startswith("create ") and command != "create token")
        or bool(flags.get("raw"))
    )
    name = flags.get("context") or config.current_context
    context: Obj = {}
    if name:
        if name not in config.sections["contexts"]:
            if server_first:
                raise KubectlError(f"context {quote(name)} does not exist")
            raise ConfigInvalid(f"context was not found for specified context: {name}")
        context = config.sections["contexts"][name]
    cluster_name = flags.get("cluster") or context.get("cluster", "")
    cluster = config.sections["clusters"].get(cluster_name)
    server = flags.get("server") or (cluster or {}).get("server", "")
    if not server and cluster is None and cluster_name:
        if server_first:
            raise KubectlError(f"cluster {quote(cluster_name)} does not exist")
        raise KubectlError(f"no server found for cluster {quote(cluster_name)}")
    user_name = flags.get("user") or context.get("user", "")
    user = config.sections["users"].get(user_name)
    if user is None and user_name:
        raise KubectlError(f"auth info {quote(user_name)} does not exist")
    merged = _with_credentials(user or {}, flags)
    _check_files(flags, cluster or {}, cluster_name, merged, user_name)
    namespace = flags.get("namespace") or context.get("namespace") or "default"
    return Target(name, server, merged, user_name, namespace, flags.changed("namespace"))


def _with_credentials(user: Obj, flags: Values) -> Obj:
    """A user entry with what the flags say instead: a token takes the place of a name and the other way round."""
    given = {name: flags[name] for name in _CREDENTIALS if flags.get(name)}
    replaced = set(given)
    if "token" in given:
        replaced.update(("username", "password"))
    if "username" in given:
        replaced.add("token")
    return {**{key: value for key, value in user.items() if key.removesuffix("-data") not in replaced}, **given}


def _check_files(flags: Values, cluster: Obj, cluster_name: str, user: Obj, user_name: str) -> None:
    """Refuse credentials that exclude each other, and files that cannot be read."""
    problems = []
    authority = flags.get("certificate-authority") or cluster.get("certificate-authority")
    if authority and (why := _unreadable(authority)):
        problems.append(f"unable to read certificate-authority {authority} for {cluster_name} due to {why}")
    if user.get("token") and (user.get("username") or user.get("password")):
        problems.append(
            f"more than one authentication method found for {user_name}; found [token basicAuth], only one is allowed"
        )
    certificate, key = user.get("client-certificate"), user.get("client-key")
    if certificate or user.get("client-certificate-data"):
        if not key and not user.get("client-key-data"):
            problems.append(
                f"client-key-data or client-key must be specified for {user_name} to use the clientCert "
                "authentication method."
            )
        if certificate and (why := _unreadable(certificate)):
            problems.append(f"unable to read client-cert {certificate} for {user_name} due to {why}")
        if key and (why := _unreadable(key)):
            problems.append(f"unable to read client-key {key} for {user_name} due to {why}")
    if len(problems) > 1:
        raise ConfigInvalid("\n" + "\n".join(f"* {problem}" for problem in problems))
    if problems:
        raise KubectlError(problems[0])


def _unreadable(path: str) -> str:
    try:
        os.close(os.open(path, os.O_RDONLY))
    except OSError as error:
        return f"open {path}: {(error.strerror or '').lower()}"
    return ""


def store_path(server: str) -> str:
    """The file a `server:` names; refuses every address that is not a local store."""
    if server.startswith("sqlite://"):
        return server[len("sqlite://") :]
    if server.startswith("etcd://"):
        raise KubectlError(f"{server}: clusters on etcd are not supported yet; use sqlite:///PATH")
    if not server:
        raise PlainError(
            "The connection to the server localhost:8080 was refused - did you specify the right host or port?"
        )
    raise KubectlError(
        f"{server}: minikctl never talks to a real cluster; use a context whose server is sqlite:///PATH "
        "(without KUBECONFIG, --kubeconfig and --context minikctl uses its own)"
    )


def create_default(environ: Mapping[str, str]) -> None:
    """Write the first kubeconfig: one cluster, its administrator and a context, all named minikctl."""
    path = default_path(environ)
    store = os.path.join(os.path.abspath(home(environ)), "clusters", f"{DEFAULT_NAME}.db")
    config = Kubeconfig([path])
    config.sections["clusters"][DEFAULT_NAME] = {"server": f"sqlite://{store}"}
    config.sections["users"][DEFAULT_NAME] = {"username": "kubernetes-admin"}
    config.sections["contexts"][DEFAULT_NAME] = {"cluster": DEFAULT_NAME, "user": DEFAULT_NAME}
    config.current_context = DEFAULT_NAME
    write(path, config.to_raw())


def write(path: str, raw: Obj) -> None:
    """Write a kubeconfig document atomically, readable by its owner only."""
    from minikctl.printers.yamlout import dump

    directory = os.path.dirname(path) or "."
    try:
        os.makedirs(directory, exist_ok=True)
        real = os.path.realpath(path)
        temporary = f"{real}.{os.getpid()}.tmp"
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(descriptor, "w", encoding="utf-8") as file:
            file.write(dump(raw))
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, real)
    except OSError as error:
        raise KubectlError(f"open {path}: {(error.strerror or '').lower()}") from None


def add_cluster(config: Kubeconfig, name: str, store: str, environ: Mapping[str, str]) -> None:
    """Make a context for a cluster file, with its administrator, and make it the current one."""
    config.sections["clusters"][name] = {"server": f"sqlite://{os.path.abspath(store)}"}
    config.sections["users"].setdefault(name, {"username": "kubernetes-admin"})
    config.sections["contexts"][name] = {"cluster": name, "user": name}
    config.current_context = name
    write(default_path(environ), config.to_raw())


def remove_cluster(config: Kubeconfig, name: str, environ: Mapping[str, str]) -> None:
    """Drop the entries of a deleted cluster."""
    for section in SECTIONS:
        config.sections[section].pop(name, None)
    if config.current_context == name:
        config.current_context = next(iter(config.sections["contexts"]), "")
    write(default_path(environ), config.to_raw())

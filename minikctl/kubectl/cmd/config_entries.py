"""kubectl config set-cluster, set-context, set-credentials.

Upstream counterpart: the files of those names in kubectl's `pkg/cmd/config`.
"""

from __future__ import annotations

import os

from minikctl.apimachinery.request import Obj
from minikctl.kubectl.cmd.config_options import ConfigOptions
from minikctl.kubectl.cmd.config_view import embed
from minikctl.kubectl.command import Command
from minikctl.kubectl.errors import KubectlError
from minikctl.kubectl.flags import BOOL, STRING, STRING_ARRAY, STRING_SLICE, Flag, quote

_INTERACTIVE_MODES = ("IfAvailable", "Never", "Always")
_EXEC_FIELDS = (
    ("exec-api-version", "apiVersion"),
    ("exec-arg", "args"),
    ("exec-interactive-mode", "interactiveMode"),
    ("exec-provide-cluster-info", "provideClusterInfo"),
)


def _stat(path: str, what: str) -> None:
    try:
        os.stat(path)
    except OSError as error:
        why = f"stat {path}: {(error.strerror or '').lower()}"
        raise KubectlError(f"could not stat {what} file {path}: {why}") from None


class SetClusterOptions(ConfigOptions):
    """Set fields of a cluster entry."""

    def complete(self, args: list[str]) -> None:
        self.name = self.exact_args(args, 1)[0]

    def validate(self) -> None:
        flags = self.flags
        if not self.name:
            raise KubectlError("you must specify a non-empty cluster name")
        if flags["insecure-skip-tls-verify"] and flags["certificate-authority"]:
            raise KubectlError("you cannot specify a certificate authority and insecure mode at the same time")
        if flags["embed-certs"]:
            if not flags["certificate-authority"]:
                raise KubectlError("you must specify a --certificate-authority to embed")
            _stat(flags["certificate-authority"], "certificate-authority")

    def run(self) -> None:
        flags = self.flags
        editor = self.editor()
        cluster: Obj = dict(editor.section("clusters").get(self.name, {}))
        if flags.changed("server"):
            # The name was that of the server before.
            cluster.update({"server": flags["server"], "tls-server-name": ""})
        for name in ("tls-server-name", "proxy-url"):
            if flags.changed(name):
                cluster[name] = flags[name]
        # Unlike other fields it does not keep its value.
        cluster["insecure-skip-tls-verify"] = flags["insecure-skip-tls-verify"]
        if flags["insecure-skip-tls-verify"]:
            cluster.pop("certificate-authority", None)
            cluster.pop("certificate-authority-data", None)
        if flags.changed("certificate-authority"):
            _set_file(cluster, "certificate-authority", flags["certificate-authority"], flags["embed-certs"])
        cluster = {key: value for key, value in cluster.items() if value not in ("", False)}
        cluster.setdefault("server", "")
        editor.section("clusters")[self.name] = cluster
        editor.save()
        self.factory.out(f"Cluster {quote(self.name)} set.")


def _set_file(entry: Obj, field: str, path: str, embedded: bool) -> None:
    """Name a file in an entry, or put its content there."""
    entry.pop(field, None)
    entry.pop(f"{field}-data", None)
    if embedded:
        try:
            entry[f"{field}-data"] = embed(path)
        except OSError as error:
            raise KubectlError(f"could not read {field} data from {path}: {(error.strerror or '').lower()}") from None
    else:
        entry[field] = os.path.abspath(path)


class SetContextOptions(ConfigOptions):
    """Set fields of a context entry."""

    def complete(self, args: list[str]) -> None:
        if len(args) > 1:
            raise self.help_error(f"Unexpected args: [{' '.join(args)}]")
        self.name = args[0] if args else ""

    def validate(self) -> None:
        if not self.name and not self.flags["current"]:
            raise KubectlError("you must specify a non-empty context name or --current")
        if self.name and self.flags["current"]:
            raise KubectlError("you cannot specify both a context name and --current")

    def run(self) -> None:
        editor = self.editor()
        name = self.name
        if self.flags["current"]:
            name = editor.config.current_context
            if not name:
                raise KubectlError("no current context is set")
        contexts = editor.section("contexts")
        existed = name in contexts
        context: Obj = dict(contexts.get(name, {}))
        for field in ("cluster", "user", "namespace"):
            if self.flags.changed(field):
                context[field] = self.flags[field]
        context = {key: value for key, value in context.items() if value != ""}
        for field in ("cluster", "user"):
            context.setdefault(field, "")
        contexts[name] = context
        editor.save()
        self.factory.out(f"Context {quote(name)} {'modified' if existed else 'created'}.")


class SetCredentialsOptions(ConfigOptions):
    """Set fields of a user entry."""

    def complete(self, args: list[str]) -> None:
        self.name = self.exact_args(args, 1, "unexpected")[0]
        self.provider_settings = self._pairs("auth-provider-arg")
        self.environment = self._pairs("exec-env")

    def _pairs(self, flag: str) -> dict[str, str | None]:
        """The settings that a flag gives: NAME=VALUE, or NAME- for one to remove (None)."""
        result: dict[str, str | None] = {}
        wrong = []
        for text in self.flags[flag]:
            name, equals, value = text.partition("=")
            if equals and name:
                result[name] = value
            elif text.endswith("-") and text != "-":
                result[text[:-1]] = None
            else:
                wrong.append(text)
        if wrong:
            raise self.help_error(f"invalid {flag} format: {', '.join(wrong)}")
        return result

    def validate(self) -> None:
        flags = self.flags
        if not self.name:
            raise KubectlError("you must specify a non-empty user name")
        methods = []
        if flags["token"]:
            methods.append("--token")
        if flags["username"] or flags["password"]:
            methods.append("--username/--password")
        if len(methods) > 1:
            raise KubectlError(
                "you cannot specify more than one authentication method at the same time: " + ", ".join(methods)
            )
        if flags["embed-certs"]:
            certificate, key = flags["client-certificate"], flags["client-key"]
            if not certificate and not key:
                raise KubectlError("you must specify a --client-certificate or --client-key to embed")
            for name in ("client-certificate", "client-key"):
                if flags[name]:
                    _stat(flags[name], name)
        if flags["exec-interactive-mode"] not in ("", *_INTERACTIVE_MODES):
            raise KubectlError(f"invalid interactive mode type, can be only {', '.join(_INTERACTIVE_MODES)}")

    def run(self) -> None:
        editor = self.editor()
        user: Obj = dict(editor.section("users").get(self.name, {}))
        for name in ("client-certificate", "client-key"):
            if self.flags.changed(name):
                _set_file(user, name, self.flags[name], self.flags["embed-certs"])
        self._secrets(user)
        self._provider(user)
        self._exec(user)
        editor.section("users")[self.name] = {key: value for key, value in user.items() if value not in ("", None)}
        editor.save()
        self.factory.out(f"User {quote(self.name)} set.")

    def _secrets(self, user: Obj) -> None:
        flags = self.flags
        for name in ("token", "username", "password"):
            if flags.changed(name):
                user[name] = flags[name]
        if flags["token"]:
            user.pop("username", None)
            user.pop("password", None)
        elif flags["username"] or flags["password"]:
            user.pop("token", None)

    def _provider(self, user: Obj) -> None:
        provider: Obj = dict(user.get("auth-provider") or {})
        name = self.flags["auth-provider"]
        if self.flags.changed("auth-provider") and provider.get("name") != name:
            provider = {"config": None, "name": name}
        if not provider:
            return
        settings = {**(provider.get("config") or {}), **self.provider_settings}
        kept = {key: value for key, value in settings.items() if value is not None}
        user["auth-provider"] = {**provider, "config": kept}

    def _exec(self, user: Obj) -> None:
        flags = self.flags
        plugin: Obj = dict(user.get("exec") or {})
        if flags.changed("exec-command"):
            plugin = {
                "env": None,
                "provideClusterInfo": False,
                **plugin,
                "command": flags["exec-command"],
                "args": None,
            }
        if not plugin:
            return
        for flag, field in _EXEC_FIELDS:
            if flags.changed(flag):
                plugin[field] = flags[flag]
        if self.environment:
            variables = {entry["name"]: entry["value"] for entry in plugin.get("env") or ()} | self.environment
            plugin["env"] = [{"name": name, "value": text} for name, text in variables.items() if text is not None]
        user["exec"] = {key: value for key, value in plugin.items() if value != "" or key == "command"}


SET_CLUSTER = Command(
    "config set-cluster NAME [--server=server] [--certificate-authority=path/to/certificate/authority] "
    "[--insecure-skip-tls-verify=true] [--tls-server-name=example.com]",
    SetClusterOptions,
    (
        Flag("certificate-authority", "", STRING, "", "Path to the certificate-authority file of the cluster entry"),
        Flag("embed-certs", "", BOOL, False, "Whether to put the certificate file into the cluster entry"),
        Flag("insecure-skip-tls-verify", "", BOOL, False, "insecure-skip-tls-verify of the cluster entry"),
        Flag("proxy-url", "", STRING, "", "proxy-url of the cluster entry"),
        Flag("server", "", STRING, "", "server of the cluster entry: sqlite:///PATH"),
        Flag("tls-server-name", "", STRING, "", "tls-server-name of the cluster entry"),
    ),
    long="""
Set a cluster entry in the kubeconfig.

 Fields of an existing entry that are not named keep their values.
""",
    example="""
        # Set only the server of the cluster e2e, leaving the rest as it is
        kubectl config set-cluster e2e --server=sqlite:///var/lib/minikctl/e2e.db
        """,
)
SET_CONTEXT = Command(
    "config set-context [NAME | --current] [--cluster=cluster_nickname] [--user=user_nickname] [--namespace=namespace]",
    SetContextOptions,
    (
        Flag("cluster", "", STRING, "", "cluster of the context entry"),
        Flag("current", "", BOOL, False, "Modify the current context"),
        Flag("namespace", "n", STRING, "", "namespace of the context entry"),
        Flag("user", "", STRING, "", "user of the context entry"),
    ),
    long="""
Set a context entry in the kubeconfig.

 Fields of an existing entry that are not named keep their values.
""",
    example="""
        # Set the user of the context gce, leaving the rest as it is
        kubectl config set-context gce --user=cluster-admin
        """,
)
SET_CREDENTIALS = Command(
    "config set-credentials NAME [--client-certificate=path/to/certfile] [--client-key=path/to/keyfile] "
    "[--token=bearer_token] [--username=basic_user] [--password=basic_password] [--auth-provider=provider_name] "
    "[--auth-provider-arg=key=value] [--exec-command=exec_command] [--exec-api-version=exec_api_version] "
    "[--exec-arg=arg] [--exec-env=key=value]",
    SetCredentialsOptions,
    (
        Flag("auth-provider", "", STRING, "", "Auth provider of the user entry"),
        Flag("auth-provider-arg", "", STRING_SLICE, [], "'key=value' arguments of the auth provider"),
        Flag("client-certificate", "", STRING, "", "Path to the client-certificate file of the user entry"),
        Flag("client-key", "", STRING, "", "Path to the client-key file of the user entry"),
        Flag("embed-certs", "", BOOL, False, "Put client certificate and key into the user entry"),
        Flag("exec-api-version", "", STRING, "", "API version of the exec credential plugin of the user entry"),
        Flag("exec-arg", "", STRING_SLICE, [], "New arguments of the exec credential plugin command"),
        Flag("exec-command", "", STRING, "", "Command of the exec credential plugin of the user entry"),
        Flag("exec-env", "", STRING_ARRAY, [], "'key=value' environment values of the exec credential plugin"),
        Flag("exec-interactive-mode", "", STRING, "", "InteractiveMode of the exec credentials plugin"),
        Flag("exec-provide-cluster-info", "", BOOL, False, "ProvideClusterInfo of the exec credentials plugin"),
        Flag("password", "", STRING, "", "password of the user entry"),
        Flag("token", "", STRING, "", "token of the user entry"),
        Flag("username", "", STRING, "", "username of the user entry"),
    ),
    long="""
Set a user entry in the kubeconfig.

 Fields of an existing entry that are not named keep their values. Token and basic authentication exclude each other.
""",
    example="""
        # Set only the token of the user sam, leaving the rest as it is
        kubectl config set-credentials sam --token=abc123
        """,
)

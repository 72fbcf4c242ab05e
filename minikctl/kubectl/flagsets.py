"""Flag sets that many commands share, named as in kubectl's code (PrintFlags, FileNameFlags, ...).

Commands splice them into their own FLAGS tuple; GLOBAL is what every command takes.
"""

from __future__ import annotations

from minikctl.kubectl.flags import (
    BOOL,
    DURATION,
    INT,
    INT32,
    INT64,
    LOG_DURATION,
    LOG_MODULES,
    STRING,
    STRING_ARRAY,
    STRING_SLICE,
    Flag,
)  # fmt: skip

GLOBAL = (
    Flag("as", "", STRING, "", "User to act as: a plain user name or system:serviceaccount:NAMESPACE:NAME."),
    Flag("as-group", "", STRING_ARRAY, [], "Group to act in; may be given more than once."),
    Flag("as-uid", "", STRING, "", "UID to act as."),
    Flag("as-user-extra", "", STRING_ARRAY, [], "Extra attribute (key=value) to act with; may be repeated."),
    Flag("cache-dir", "", STRING, "$HOME/.kube/cache", "Default cache directory"),
    Flag("certificate-authority", "", STRING, "", "Path to a certificate file of the certificate authority"),
    Flag("client-certificate", "", STRING, "", "Path to a client certificate file for TLS"),
    Flag("client-key", "", STRING, "", "Path to a client key file for TLS"),
    Flag("cluster", "", STRING, "", "Name of the kubeconfig cluster to use"),
    Flag("context", "", STRING, "", "Name of the kubeconfig context to use"),
    Flag("disable-compression", "", BOOL, False, "If true, responses are not compressed"),
    Flag("insecure-skip-tls-verify", "", BOOL, False, "If true, the server's certificate is not checked."),
    Flag("kubeconfig", "", STRING, "", "Path to the kubeconfig file to use."),
    Flag("kuberc", "", STRING, "", "Path to the kuberc file with preferences; KUBECTL_KUBERC=false turns it off."),
    Flag("log-flush-frequency", "", LOG_DURATION, 5.0, "Longest time between two log flushes", shown="5s"),
    Flag("match-server-version", "", BOOL, False, "Require the server's version to be the client's"),
    Flag("namespace", "n", STRING, "", "Namespace of this request"),
    Flag("password", "", STRING, "", "Password for basic authentication"),
    Flag("profile", "", STRING, "none", "Profile to capture: none, cpu, heap, goroutine, threadcreate, block or mutex"),
    Flag("profile-output", "", STRING, "profile.pprof", "File to write the profile to"),
    Flag(
        "request-timeout", "", STRING, "0",
        "Time to wait for one server request before giving up, with a unit (1s, 2m, 3h). Zero: no limit.",
    ),
    Flag("server", "s", STRING, "", "Address of the cluster: sqlite:///PATH"),
    Flag("tls-server-name", "", STRING, "", "Server name to expect in the server's certificate."),
    Flag("token", "", STRING, "", "Bearer token for authentication"),
    Flag("user", "", STRING, "", "Name of the kubeconfig user to use"),
    Flag("username", "", STRING, "", "Username for basic authentication"),
    Flag("v", "v", INT32, 0, "Log level verbosity"),
    Flag("vmodule", "", LOG_MODULES, "", "Comma-separated pattern=N settings for file-filtered logging", shown=" "),
    Flag("warnings-as-errors", "", BOOL, False, "Exit with a non-zero status when the server sent a warning"),
    Flag("help", "h", BOOL, False, "Show help", hidden=True),
)  # fmt: skip

_TEMPLATE = Flag(
    "template", "", STRING, "", "Template text or file for -o=go-template and -o=go-template-file (Go templates)."
)
MISSING_KEYS = Flag(
    "allow-missing-template-keys", "", BOOL, True,
    "If true, a field or map key that a template names and the object lacks is no error. Only for golang and jsonpath "
    "output.",
)  # fmt: skip
SHOW_MANAGED_FIELDS = Flag(
    "show-managed-fields", "", BOOL, False, "If true, keep managedFields when printing objects in JSON or YAML."
)


def output(default: str = "", formats: str = "") -> Flag:
    """-o with another default or list of formats."""
    listed = formats or (
        "json, yaml, kyaml, name, go-template, go-template-file, template, templatefile, "
        "jsonpath, jsonpath-as-json, jsonpath-file"
    )
    return Flag("output", "o", STRING, default, f"Output format. One of: ({listed}).")


JSON_YAML_PRINT = (output(), SHOW_MANAGED_FIELDS)
PRINT = (MISSING_KEYS, output(), SHOW_MANAGED_FIELDS, _TEMPLATE)


def print_flags(default: str) -> tuple[Flag, ...]:
    """PrintFlags with a default output format."""
    return (MISSING_KEYS, output(default), SHOW_MANAGED_FIELDS, _TEMPLATE)


GET_PRINT = (
    MISSING_KEYS,
    output(
        "",
        "json, yaml, kyaml, name, go-template, go-template-file, template, templatefile, jsonpath, "
        "jsonpath-as-json, jsonpath-file, custom-columns, custom-columns-file, wide",
    ),
    SHOW_MANAGED_FIELDS,
    _TEMPLATE,
)


def filename(usage: str) -> Flag:
    """-f with the sentence that says what the files are for."""
    return Flag("filename", "f", STRING_SLICE, [], usage)


RECURSIVE = Flag(
    "recursive", "R", BOOL, False, "Read the directory given with -f, --filename and all directories below it."
)
KUSTOMIZE = Flag("kustomize", "k", STRING, "", "Process the kustomization directory. Cannot be used with -f or -R.")


def filename_flags(usage: str) -> tuple[Flag, ...]:
    """FileNameFlags: -f, -k, -R."""
    return (filename(usage), KUSTOMIZE, RECURSIVE)


IDENTIFY = "identifying the resource to get from a server."

DRY_RUN = Flag(
    "dry-run", "", STRING, "none",
    'Must be "none", "server", or "client". With client, only print the object that would be sent; with server, '
    "send the request without keeping its result.",
    bare="unchanged",
)  # fmt: skip
VALIDATE = Flag(
    "validate", "", STRING, "strict",
    'One of: strict (or true), warn, ignore (or false). strict refuses objects with unknown or duplicate fields, '
    "warn only warns of them, ignore drops them silently.",
    bare="strict",
)  # fmt: skip
SELECTOR = Flag(
    "selector", "l", STRING, "",
    "Label selector to filter on, supports '=', '==', '!=', 'in', 'notin' (e.g. -l key1=value1,key2=value2,key3 in "
    "(value3)). Objects must satisfy all of its requirements.",
)  # fmt: skip
FIELD_SELECTOR = Flag(
    "field-selector", "", STRING, "",
    "Field selector to filter on, supports '=', '==', and '!=' (e.g. --field-selector key1=value1,key2=value2). "
    "The server knows only few fields per type.",
)  # fmt: skip
ALL_NAMESPACES = Flag(
    "all-namespaces",
    "A",
    BOOL,
    False,
    "If present, the objects of all namespaces; a namespace given with --namespace is ignored.",
)
CHUNK_SIZE = Flag("chunk-size", "", INT64, 500, "Ask for large lists in chunks of this size. 0 turns chunks off.")
SAVE_CONFIG = Flag(
    "save-config", "", BOOL, False,
    "If true, keep the configuration in the object's annotation, for a later kubectl apply on it.",
)  # fmt: skip
OVERWRITE_HELP = "If true, allow {0} to be overwritten, otherwise reject {0} updates that overwrite existing {0}."
LOCAL = Flag("local", "", BOOL, False, "If true, {} will NOT contact api-server but run locally.")
SUBRESOURCE_HELP = "If specified, {} will operate on the subresource of the requested object."
NO_HEADERS = Flag(
    "no-headers", "", BOOL, False, "When using the default or custom-column output format, don't print headers."
)


def field_manager(default: str) -> Flag:
    """--field-manager with the command's own default."""
    return Flag("field-manager", "", STRING, default, "Name of the manager used to track field ownership.")


def all_flag(usage: str) -> Flag:
    """--all with the command's own sentence."""
    return Flag("all", "", BOOL, False, usage)


CREATE = (*PRINT, DRY_RUN, field_manager("kubectl-create"), SAVE_CONFIG, VALIDATE)

CASCADE = Flag(
    "cascade", "", STRING, "background",
    'Must be "background", "orphan", or "foreground". What becomes of dependents (e.g. the Pods of a '
    "ReplicationController).",
    bare="background",
)  # fmt: skip
FORCE_DELETE = Flag(
    "force", "", BOOL, False,
    "If true, remove the object from the API at once, without graceful deletion. Some resources "
    "may then be left behind.",
)  # fmt: skip
GRACE_PERIOD = Flag(
    "grace-period", "", INT, -1,
    "Seconds given to the object to end gracefully. Ignored if negative; 1 for immediate shutdown; 0 needs --force.",
)  # fmt: skip
DELETE_TIMEOUT = Flag(
    "timeout", "", DURATION, 0.0,
    "Time to wait before giving up on a delete; zero takes it from the size of the object.", shown="0s",
)  # fmt: skip
DELETE_WAIT = Flag(
    "wait", "", BOOL, False, "If true, wait for objects to be gone before returning. This waits for finalizers."
)
DELETE_FLAGS = (CASCADE, FORCE_DELETE, GRACE_PERIOD, DELETE_TIMEOUT, DELETE_WAIT)

"""kubectl create ingress: rules of the form host/path=service:port[,tls[=secret]].

Upstream counterpart: `create_ingress.go` of kubectl's `pkg/cmd/create`.
"""

from __future__ import annotations

import re

from minikctl.apimachinery.gonumbers import parse_int
from minikctl.apimachinery.request import Obj
from minikctl.kubectl.cmd.generator import GeneratorOptions
from minikctl.kubectl.command import Command
from minikctl.kubectl.errors import KubectlError
from minikctl.kubectl.flags import STRING, STRING_ARRAY, Flag
from minikctl.kubectl.flagsets import CREATE

_RULE = re.compile(
    r"^(?P<host>[\w*\-.]*)(?P<path>/.*)=(?P<service>[\w\-]+):(?P<port>[\w\-]+)(,(?P<tls>tls)=?(?P<secret>[\w\-]+)?)?"
)


class IngressOptions(GeneratorOptions):
    """An Ingress."""

    failure = "failed to create ingress: "

    def validate(self) -> None:
        flags = self.flags
        if not flags["default-backend"] and not flags["rule"]:
            raise KubectlError(
                "not enough information provided: every ingress has to either specify a default-backend (which "
                "catches all traffic) or a list of rules (which catch specific paths)"
            )
        for rule in flags["rule"]:
            if not _RULE.search(rule):
                raise KubectlError(
                    f"rule {rule} is invalid and should be in format host/path=svcname:svcport[,tls[=secret]]"
                )
        for annotation in flags["annotation"]:
            if "=" not in annotation:
                raise KubectlError(f"annotation {annotation} is invalid and should be in format key=[value]")
        if flags["default-backend"] and flags["default-backend"].count(":") != 1:
            raise KubectlError("default-backend should be in format servicename:serviceport")

    def build(self) -> Obj:
        flags = self.flags
        metadata: Obj = {"name": self.name}
        if flags["annotation"]:
            metadata["annotations"] = dict(sorted(text.split("=", 1) for text in flags["annotation"]))
        spec: Obj = {}
        if flags["class"]:
            spec["ingressClassName"] = flags["class"]
        if flags["default-backend"]:
            spec["defaultBackend"] = _backend(flags["default-backend"])
        tls = _tls(flags["rule"])
        if tls:
            spec["tls"] = tls
        rules = _rules(flags["rule"])
        if rules:
            spec["rules"] = rules
        kind = {"kind": "Ingress", "apiVersion": "networking.k8s.io/v1"}
        return {**kind, "metadata": metadata, "spec": spec, "status": {"loadBalancer": {}}}


def _backend(text: str) -> Obj:
    service, _, port = text.partition(":")
    number = parse_int(port)
    return {"service": {"name": service, "port": {"name": port} if number is None else {"number": number}}}


def _rules(rules: list[str]) -> list[Obj]:
    """One rule per host, in order of appearance."""
    made: dict[str, Obj] = {}
    for rule in rules:
        host, _, rest = rule.partition("/")
        path, _, backend = ("/" + rest.split(",", 1)[0]).partition("=")
        path_type = "Exact"
        if path.endswith("*"):
            path_type, path = "Prefix", path[:-1]
        if host not in made:
            made[host] = {"host": host, "http": {"paths": []}} if host else {"http": {"paths": []}}
        entry = {"path": path, "pathType": path_type, "backend": _backend(backend)}
        made[host]["http"]["paths"].append(entry)
    return list(made.values())


def _tls(rules: list[str]) -> list[Obj]:
    """The hosts of each TLS secret; a host counts once."""
    made: list[Obj] = []
    seen: set[str] = set()
    for rule in rules:
        parts = rule.split(",")
        if len(parts) != 2:
            continue
        host = rule.split("/", 1)[0]
        secret = parts[1].partition("=")[2]
        if host in seen:
            continue
        seen.add(host)
        same = next((entry for entry in made if entry.get("secretName", "") == secret), None)
        if same is not None:
            same.setdefault("hosts", []).append(host)
            continue
        entry: Obj = {}
        if host:
            entry["hosts"] = [host]
        if secret:
            entry["secretName"] = secret
        if entry:
            made.append(entry)
    return made


INGRESS = Command(
    "create ingress NAME --rule=host/path=service:port[,tls[=secret]] ",
    IngressOptions,
    (
        *CREATE,
        Flag("annotation", "", STRING_ARRAY, [], "Annotation to insert in the ingress, as annotation=value"),
        Flag("class", "", STRING, "", "Ingress class to be used"),
        Flag("default-backend", "", STRING, "", "Service for what no rule matches, as svcname:port"),
        Flag(
            "rule", "", STRING_ARRAY, [],
            "Rule as host/path=service:port[,tls=secretname]. A path with a final '*' matches by prefix, others "
            "exactly. tls alone uses the controller's default certificate.",
        ),
    ),
    long="Create an ingress with the given name.",
    example="""
        # Send what foo.com/bar gets to svc1:8080, with TLS from my-cert
        kubectl create ingress simple --rule="foo.com/bar=svc1:8080,tls=my-cert"

        # Catch all requests to a path, whatever the host
        kubectl create ingress catch-all --class=otheringress --rule="/path=svc:port"

        # A default backend beside a rule
        kubectl create ingress ingdefault --default-backend=defaultsvc:http --rule="foo.com/*=svc:8080"
        """,
)  # fmt: skip

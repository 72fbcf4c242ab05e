"""kubectl create namespace, serviceaccount, quota, poddisruptionbudget, priorityclass.

Each is one object from a few flags. Upstream counterpart: the files of those names in kubectl's
`pkg/cmd/create`.
"""

from __future__ import annotations

import re

from minikctl.apimachinery import quantity
from minikctl.apimachinery.gonumbers import int_or_string
from minikctl.apimachinery.request import Obj
from minikctl.kubectl.cmd.generator import GeneratorOptions
from minikctl.kubectl.command import Command
from minikctl.kubectl.errors import KubectlError
from minikctl.kubectl.flags import BOOL, INT32, STRING, Flag
from minikctl.kubectl.flagsets import CREATE
from minikctl.kubectl.labelterms import terms


class NamespaceOptions(GeneratorOptions):
    """A Namespace."""

    def build(self) -> Obj:
        return {"kind": "Namespace", "apiVersion": "v1", "metadata": {"name": self.name}, "spec": {}, "status": {}}


class ServiceAccountOptions(GeneratorOptions):
    """A ServiceAccount."""

    failure = "failed to create serviceaccount: "

    def build(self) -> Obj:
        return {"kind": "ServiceAccount", "apiVersion": "v1", "metadata": {"name": self.name}}


class QuotaOptions(GeneratorOptions):
    """A ResourceQuota from --hard and --scopes."""

    failure = "failed to create quota: "

    def build(self) -> Obj:
        spec: Obj = {}
        if self.flags["hard"]:
            spec["hard"] = resource_list(self.flags["hard"])
        if self.flags["scopes"]:
            spec["scopes"] = self.flags["scopes"].split(",")
            if "" in spec["scopes"]:
                raise KubectlError('invalid resource quota scope ""')
        kind = {"kind": "ResourceQuota", "apiVersion": "v1"}
        return {**kind, "metadata": {"name": self.name}, "spec": spec, "status": {}}


def resource_list(text: str) -> dict[str, str]:
    """`cpu=1,memory=2Gi` as a ResourceList with canonical quantities."""
    amounts = {}
    for statement in text.split(","):
        name, equals, amount = statement.partition("=")
        if not equals or "=" in amount:
            raise KubectlError(f"Invalid argument syntax {statement}, expected <resource>=<value>")
        try:
            amounts[name] = quantity.canonical(amount)
        except quantity.QuantityError as error:
            raise KubectlError(str(error)) from None
    return dict(sorted(amounts.items()))


class PodDisruptionBudgetOptions(GeneratorOptions):
    """A PodDisruptionBudget over a selector."""

    failure = "failed to create poddisruptionbudgets: "

    def validate(self) -> None:
        flags = self.flags
        if not flags["selector"]:
            raise KubectlError("a selector must be specified")
        if not flags["max-unavailable"] and not flags["min-available"]:
            raise KubectlError("one of min-available or max-unavailable must be specified")
        if flags["max-unavailable"] and flags["min-available"]:
            raise KubectlError("min-available and max-unavailable cannot be both specified")
        for name in ("min-available", "max-unavailable"):
            text = flags[name]
            if text and not re.fullmatch("[0-9]+%?", text):
                raise KubectlError(f"invalid format specified for {name}")

    def build(self) -> Obj:
        spec: Obj = {}
        if self.flags["min-available"]:
            spec["minAvailable"] = int_or_string(self.flags["min-available"])
        spec["selector"] = label_selector(self.flags["selector"])
        if self.flags["max-unavailable"]:
            spec["maxUnavailable"] = int_or_string(self.flags["max-unavailable"])
        counts = ("disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods")
        return {
            "kind": "PodDisruptionBudget",
            "apiVersion": "policy/v1",
            "metadata": {"name": self.name},
            "spec": spec,
            "status": dict.fromkeys(counts, 0),
        }


def label_selector(text: str) -> Obj:
    """A selector text as a metav1.LabelSelector."""
    labels, expressions = {}, []
    operators = {"in": "In", "notin": "NotIn", "exists": "Exists", "!": "DoesNotExist"}
    for each in terms(text):
        if each.operator in ("=", "=="):
            labels[each.key] = next(iter(each.values))
        else:
            expression: Obj = {"key": each.key, "operator": operators[each.operator]}
            if each.values:
                expression["values"] = sorted(each.values)
            expressions.append(expression)
    selector: Obj = {}
    if labels:
        selector["matchLabels"] = labels
    if expressions:
        selector["matchExpressions"] = expressions
    return selector


class PriorityClassOptions(GeneratorOptions):
    """A PriorityClass."""

    failure = "failed to create priorityclass: "

    def build(self) -> Obj:
        flags = self.flags
        obj: Obj = {
            "kind": "PriorityClass",
            "apiVersion": "scheduling.k8s.io/v1",
            "metadata": {"name": self.name},
            "value": flags["value"],
        }
        if flags["global-default"]:
            obj["globalDefault"] = True
        if flags["description"]:
            obj["description"] = flags["description"]
        obj["preemptionPolicy"] = flags["preemption-policy"]
        return obj


NAMESPACE = Command(
    "create namespace NAME [--dry-run=server|client|none]",
    NamespaceOptions,
    CREATE,
    long="Create a namespace with the given name.",
    example="""
        # Create a new namespace named my-namespace
        kubectl create namespace my-namespace
        """,
)
SERVICEACCOUNT = Command(
    "create serviceaccount NAME [--dry-run=server|client|none]",
    ServiceAccountOptions,
    CREATE,
    long="Create a service account with the given name.",
    example="""
        # Create a new service account named my-service-account
        kubectl create serviceaccount my-service-account
        """,
)
QUOTA = Command(
    "create quota NAME [--hard=key1=value1,key2=value2] [--scopes=Scope1,Scope2] [--dry-run=server|client|none]",
    QuotaOptions,
    (
        *CREATE,
        Flag("hard", "", STRING, "", "Comma-separated resource=quantity pairs that define hard limits."),
        Flag("scopes", "", STRING, "", "Comma-separated quota scopes that each tracked object must match."),
    ),
    long="Create a resource quota with the given name, hard limits and optional scopes.",
    example="""
        # Create a new resource quota named my-quota
        kubectl create quota my-quota --hard=cpu=1,memory=1G,pods=2,services=3

        # Create a quota that only counts best-effort pods
        kubectl create quota best-effort --hard=pods=100 --scopes=BestEffort
        """,
)
PODDISRUPTIONBUDGET = Command(
    "create poddisruptionbudget NAME --selector=SELECTOR --min-available=N [--dry-run=server|client|none]",
    PodDisruptionBudgetOptions,
    (
        *CREATE,
        Flag("max-unavailable", "", STRING, "", "The most pods that may be unavailable, a number or percentage."),
        Flag("min-available", "", STRING, "", "The fewest pods that must stay available, a number or percentage."),
        Flag("selector", "", STRING, "", "Label selector of the pods that the budget protects."),
    ),
    long="Create a pod disruption budget with the given name, selector, and wanted number of available pods.",
    example="""
        # Keep at least one of the pods labelled app=rails available
        kubectl create poddisruptionbudget my-pdb --selector=app=rails --min-available=1

        # Keep half of the pods labelled app=nginx available
        kubectl create pdb my-pdb --selector=app=nginx --min-available=50%
        """,
)
PRIORITYCLASS = Command(
    "create priorityclass NAME --value=VALUE --global-default=BOOL [--dry-run=server|client|none]",
    PriorityClassOptions,
    (
        *CREATE,
        Flag("description", "", STRING, "", "When this priority class should be used."),
        Flag("global-default", "", BOOL, False, "Whether pods without a priority class get this one."),
        Flag("preemption-policy", "", STRING, "PreemptLowerPriority", "Whether pods may preempt others."),
        Flag("value", "", INT32, 0, "The priority of the pods of this class."),
    ),
    long="Create a priority class with the given name, value, default flag and description.",
    example="""
        # Create a priority class named high-priority
        kubectl create priorityclass high-priority --value=1000 --description="high priority"

        # Create a priority class whose pods do not preempt others
        kubectl create priorityclass polite --value=1000 --preemption-policy="Never"
        """,
)

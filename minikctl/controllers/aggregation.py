"""Cluster role aggregation: roles made of others chosen by label (upstream's `clusterroleaggregation`).

The rules are applied, so that the controller owns them and nothing else; where nothing is chosen nothing is applied,
which takes away only what the controller itself had put there.
"""

from __future__ import annotations

from minikctl.apimachinery.request import Obj
from minikctl.apimachinery.selectors import from_label_selector
from minikctl.controllers.controller import Controller

_RESOURCE = "clusterroles.rbac.authorization.k8s.io"
_MANAGER = "clusterrole-aggregation-controller"


class ClusterRoleAggregationController(Controller):
    """One key for all: a change of any role may concern several aggregated ones."""

    def sync(self, key: str) -> float | None:
        roles = sorted(self.client.items(_RESOURCE), key=lambda role: str(role["metadata"]["name"]))
        for role in roles:
            rule = role.get("aggregationRule")
            if not rule:
                continue
            rules: list[Obj] = []
            for selector in rule.get("clusterRoleSelectors") or ():
                chosen = from_label_selector(selector)
                for other in roles:
                    if other is not role and chosen.matches(other["metadata"].get("labels") or {}):
                        rules += [entry for entry in other.get("rules") or () if entry not in rules]
            if (role.get("rules") or []) != rules:
                name = role["metadata"]["name"]
                wanted: Obj = {"apiVersion": role["apiVersion"], "kind": role["kind"], "metadata": {"name": name}}
                if rules:
                    wanted["rules"] = rules
                applied = self.client.apply(_RESOURCE, wanted, _MANAGER, force=True)
                role["rules"] = applied.get("rules")
        return None

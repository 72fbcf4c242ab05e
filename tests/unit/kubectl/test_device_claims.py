"""Dynamic resource allocation from end to end: slices, templates, pods that hold devices and give them back."""

from __future__ import annotations

import json
from typing import Any

SETUP = """
apiVersion: resource.k8s.io/v1
kind: DeviceClass
metadata: {name: gpu}
spec:
  selectors: [{cel: {expression: 'device.driver == "gpu.example.com"'}}]
---
apiVersion: resource.k8s.io/v1
kind: ResourceSlice
metadata: {name: node-2-gpus}
spec:
  driver: gpu.example.com
  nodeName: node-2
  pool: {name: node-2, generation: 1, resourceSliceCount: 1}
  devices:
  - {name: gpu-0, attributes: {model: {string: small}}}
  - {name: gpu-1, attributes: {model: {string: large}}}
---
apiVersion: resource.k8s.io/v1
kind: ResourceClaimTemplate
metadata: {name: large}
spec:
  spec:
    devices:
      requests:
      - name: gpu
        exactly:
          deviceClassName: gpu
          selectors: [{cel: {expression: 'device.attributes["gpu.example.com"].model == "large"'}}]
"""


def pod(name: str, **claim: str) -> str:
    container = {"name": "app", "image": "shop/app:1", "resources": {"claims": [{"name": "gpu"}]}}
    spec = {"containers": [container], "resourceClaims": [{"name": "gpu", **claim}]}
    return json.dumps({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec})


def test_generated_claims(kubectl: Any) -> None:
    kubectl("apply", "-f", "-", stdin=SETUP)
    for name in ("one", "two"):
        kubectl("apply", "-f", "-", stdin=pod(name, resourceClaimTemplateName="large"))
    nodes = "jsonpath={range .items[*]}{.metadata.name}={.spec.nodeName} {end}"
    assert kubectl("get", "pods", "-o", nodes).out == "one=node-2 two= "
    states = kubectl("get", "resourceclaims", "--no-headers").out.split()
    assert states[1::3] == ["allocated,reserved", "pending"]
    explained = kubectl("explain-scheduling", "two").out
    assert "node-2            Filtered   -       DynamicResources   cannot allocate all claims\n" in explained
    kubectl("delete", "pod", "one")
    assert kubectl("get", "pods", "-o", nodes).out == "two=node-2 "
    assert kubectl("get", "resourceclaims", "--no-headers").out.split()[1::3] == ["allocated,reserved"]


def test_a_claim_of_its_own_is_free_again_when_nobody_uses_it(kubectl: Any) -> None:
    kubectl("apply", "-f", "-", stdin=SETUP)
    request = {"name": "any", "exactly": {"deviceClassName": "gpu"}}
    claim: dict[str, Any] = {"apiVersion": "resource.k8s.io/v1", "kind": "ResourceClaim", "metadata": {"name": "mine"}}
    claim["spec"] = {"devices": {"requests": [request]}}
    kubectl("apply", "-f", "-", stdin=json.dumps(claim))
    kubectl("apply", "-f", "-", stdin=pod("one", resourceClaimName="mine"))
    kubectl("delete", "resourceclaim", "mine", "--wait=false")
    assert kubectl("get", "resourceclaims", "--no-headers").out.split()[1] == "deleted,allocated,reserved"
    kubectl("delete", "pod", "one")
    assert kubectl("get", "resourceclaims").err == "No resources found in default namespace.\n"

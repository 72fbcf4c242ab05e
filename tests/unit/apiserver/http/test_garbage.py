"""A thousand requests that make little sense: each gets an answer, an internal error only where upstream has one."""

from __future__ import annotations

import random
from typing import Any

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "get", "")
PARTS = (
    "api", "apis", "v1", "v2", "apps", "namespaces", "demo", "pods", "watch", "proxy", "deployments", "configmaps",
    "status", "scale", "log", "exec", "eviction", "binding", "token", "..", ".", "%2f", "", "\x00", "é", "a" * 300,
    "openapi", "v3", "healthz", "etcd", "metrics", "customresourcedefinitions", "apiextensions.k8s.io",
    "serviceaccounts", "default", "nodes", "finalize", "kube-root-ca.crt", "*", "selfsubjectaccessreviews",
    "authorization.k8s.io",
)  # fmt: skip
QUERIES = (
    "watch=1&timeoutSeconds=1", "limit=-1", "limit=x", "limit=99999999999999999999", "continue=!!", "continue=e30",
    "labelSelector=%3D%3D", "labelSelector=a+in+(", "fieldSelector=x%3D1", "fieldSelector=metadata.name", "dryRun=No",
    "dryRun=All", "resourceVersionMatch=X", "resourceVersion=-1&watch=1", "fieldValidation=Maybe", "force=1", "&&=&",
    "gracePeriodSeconds=-5", "gracePeriodSeconds=x", "propagationPolicy=X", "pretty", "%ff%fe=%00", "includeObject=x",
    "tailLines=-1", "follow=0", "container=\x00", "hash=1", "exclude=%s", "sendInitialEvents=true", "command=",
    "fieldManager=" + "m" * 200, "sinceTime=never", "orphanDependents=true&propagationPolicy=Orphan",
)  # fmt: skip
BODIES = (
    b"", b"{", b"[]", b"null", b"1", b'"x"', b"{}", b"\xff\xfe", b"k8s\x00", b"k8s\x00\x0a\xff\xff\xff\xff",
    b"[" * 5000, b'{"a":' * 5000, b'{"metadata":1}', b'{"metadata":{"name":1}}',
    b'{"metadata":{"name":"A_B","labels":[]}}', b'{"kind":"Pod","apiVersion":"v1","spec":[]}', b'{"apiVersion":"v2"}',
    b'{"metadata":{"annotations":{"a":1e999}}}', b'[{"op":"add"}]', b'[{"op":"copy","from":"/a","path":"/b"}]',
    b'{"spec":{"replicas":"x"}}', b"a: &a [*a]", b"a: b: c", b"!!python/object/apply:os.system [x]",
    b'{"spec":null,"status":null,"data":null}', b'{"kind":7}',
    b'{"spec":{"template":{"spec":{"containers":[null]}}}}',
    b'{"metadata":{"ownerReferences":[{}],"finalizers":[1]}}',
    b'{"gracePeriodSeconds":"x","preconditions":3,"dryRun":"x","propagationPolicy":{}}', b'{"metadata":{"uid":{}}}',
    b'{"metadata":{"name":"\\ud800"}}', b'{"data":{"k":"v"},"metadata":{"name":"ok","generateName":5}}',
)  # fmt: skip
TYPES = (
    "application/json", "application/yaml", "application/json-patch+json", "application/merge-patch+json",
    "application/strategic-merge-patch+json", "application/apply-patch+yaml", "application/vnd.kubernetes.protobuf",
    "text/plain", "", ";;;", "application/json;charset=x",
)  # fmt: skip
ACCEPTS = (
    "", "*/*", "application/json;as=Table;v=v1;g=meta.k8s.io", "application/yaml", "text/html", "application/json;q=x",
    "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io", ",,;;", "application/json;as=Nothing",
)  # fmt: skip


def test_a_thousand_requests_that_make_little_sense(client: Any) -> None:
    draw = random.Random(7)
    wrong = []
    for _ in range(1000):
        path = "/" + "/".join(draw.choice(PARTS) for _ in range(draw.randrange(9)))
        if draw.random() < 0.6:
            path = f"/api/v1/namespaces/demo/{draw.choice(PARTS)}" + (f"/{draw.choice(PARTS)}" * draw.randrange(3))
        target = f"{path}?{'&'.join(draw.sample(QUERIES, draw.randrange(3)))}"
        headers = {"accept": draw.choice(ACCEPTS)}
        if draw.random() < 0.1:
            headers |= {"impersonate_user": draw.choice(["system:serviceaccount:", "x", ""]), "impersonate_group": "y"}
        asked = (draw.choice(METHODS), target, draw.choice(BODIES))
        reply = client.ask(*asked, content_type=draw.choice(TYPES), **headers)
        assert 200 <= reply.code < 600
        text = reply.body.decode("utf-8", "replace")
        expected = headers.get("impersonate_user") == "" or "resourceVersion=-1" in target
        if reply.code == 500 and not expected:
            wrong.append((*asked, headers, text))
    assert not wrong
    assert client.ask("GET", "/livez").body == b"ok"

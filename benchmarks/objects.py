"""What validating an object costs, and how long Argo CD's manifest takes.

    python benchmarks/objects.py [--manifest ../shared/manifests/argo-cd.yaml] [--runs 5]

Validating and defaulting a typical Deployment in this process (goal: 1.5 ms), and applying the manifest
with --server-side on a fresh cluster until everything has settled (goal: 6 s). Times are of the
processor (user and system), since a wall clock on a busy machine tells little.
"""

from __future__ import annotations

import argparse
import copy
import os
import shutil
import statistics
import tempfile
import time
from pathlib import Path

import yaml
from timing import MINIKCTL, environment, run

from minikctl.apimachinery import openapi, structural
from minikctl.apiserver import defaults, validation

DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  namespace: shop
  labels: {app.kubernetes.io/name: web, app.kubernetes.io/part-of: shop}
  annotations: {example.com/owner: team-a}
spec:
  replicas: 3
  selector: {matchLabels: {app.kubernetes.io/name: web}}
  strategy: {rollingUpdate: {maxSurge: 25%, maxUnavailable: 0}}
  template:
    metadata: {labels: {app.kubernetes.io/name: web, app.kubernetes.io/part-of: shop}}
    spec:
      serviceAccountName: web
      securityContext: {runAsNonRoot: true, fsGroup: 2000, seccompProfile: {type: RuntimeDefault}}
      initContainers:
      - {name: migrate, image: "registry.example.com/web:1.4.2", command: [migrate, --up]}
      containers:
      - name: web
        image: registry.example.com/web:1.4.2
        args: [--listen=:8080]
        ports: [{name: http, containerPort: 8080}, {name: metrics, containerPort: 9090}]
        env:
        - {name: LOG_LEVEL, value: info}
        - {name: DB_PASSWORD, valueFrom: {secretKeyRef: {name: db, key: password}}}
        - {name: POD_IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}
        envFrom: [{configMapRef: {name: web}}]
        resources: {requests: {cpu: 100m, memory: 128Mi}, limits: {memory: 256Mi}}
        livenessProbe: {httpGet: {path: /healthz, port: http}, initialDelaySeconds: 5}
        readinessProbe: {httpGet: {path: /readyz, port: http}, periodSeconds: 5}
        securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}, readOnlyRootFilesystem: true}
        volumeMounts: [{name: tmp, mountPath: /tmp}, {name: config, mountPath: /etc/web, readOnly: true}]
      volumes: [{name: tmp, emptyDir: {}}, {name: config, configMap: {name: web}}]
      affinity:
        podAntiAffinity:
          preferredDuringSchedulingIgnoredDuringExecution:
          - weight: 100
            podAffinityTerm:
              topologyKey: kubernetes.io/hostname
              labelSelector: {matchLabels: {app.kubernetes.io/name: web}}
"""


def deployment(rounds: int) -> float:
    """Seconds of processor time to decode, default and validate one Deployment, warnings included."""
    source = yaml.safe_load(DEPLOYMENT)
    schema = openapi.schema_for("apps/v1", "Deployment")
    assert schema is not None

    def once() -> None:
        obj = copy.deepcopy(source)
        assert not structural.decode(obj, schema).strict
        defaults.apply("deployments.apps", "v1", obj)
        assert validation.create("deployments.apps", obj) == []
        validation.warnings("deployments.apps", obj)

    once()
    samples = []
    for _ in range(rounds):
        began = time.process_time()
        for _ in range(20):
            once()
        samples.append((time.process_time() - began) / 20)
    return statistics.median(samples)


def manifest(path: Path, runs: int) -> float:
    """Seconds of processor time of applying a manifest on the server's side to a fresh cluster."""
    samples = []
    for _ in range(runs):
        home = Path(tempfile.mkdtemp(prefix="minikctl-bench-"))
        env = environment(home)
        run([*MINIKCTL, "get", "namespaces"], env)
        before = os.times()
        run([*MINIKCTL, "apply", "--server-side", "-f", str(path)], env)
        after = os.times()
        samples.append(after.children_user - before.children_user + after.children_system - before.children_system)
        shutil.rmtree(home)
    return statistics.median(samples)


def main(path: Path, runs: int) -> None:
    print(f"validating and defaulting a Deployment: {deployment(runs * 10) * 1000:.2f} ms (goal: 1.5)")
    if path.exists():
        print(f"{path.name} --server-side on a fresh cluster: {manifest(path, runs):.1f} s (goal: 6)")
    else:
        print(f"{path}: not here")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    default = Path(__file__).parents[2] / "shared" / "manifests" / "argo-cd.yaml"
    parser.add_argument("--manifest", type=Path, default=default)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    main(options.manifest, options.runs)

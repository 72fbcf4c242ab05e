"""kustomize: builds the objects of a kustomization directory, for `kubectl kustomize` and `-k`.

There is no maintained Python library that does this, so it is written here after kustomize v5. Start at
target.build. Upstream counterpart: sigs.k8s.io/kustomize.
"""

from __future__ import annotations

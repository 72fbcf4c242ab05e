"""A Kubernetes cluster in one file: kubectl and the cluster behind it in one program."""

__version__ = "0.1.0"
KUBERNETES_VERSION = "v1.36.2"

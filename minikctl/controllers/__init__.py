"""kube-controller-manager: one module (or folder) per controller, started by `manager`."""

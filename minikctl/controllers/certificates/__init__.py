"""Certificate signing requests: approving the kubelets' own, signing, cleaning up; and the cluster's authority."""

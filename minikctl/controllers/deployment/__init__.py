"""The deployment controller: rollouts of ReplicaSets (upstream's `pkg/controller/deployment`)."""

"""The node agent: the life of a pod, from admission on its node to its last status."""

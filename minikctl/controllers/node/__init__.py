"""Nodes: their health, taints, address ranges, and the pods of nodes that are lost."""

"""Persistent volumes: binding, the default provisioner, expansion, protection, attachment."""

"""Webhooks: admission by programs outside the apiserver, called over https."""

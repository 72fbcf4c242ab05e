"""How kinds are stored: one strategy per kind, the verbs that use them, and the subresources."""

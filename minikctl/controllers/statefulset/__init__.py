"""The statefulset controller (upstream's `pkg/controller/statefulset`)."""

"""The daemonset controller (upstream's `pkg/controller/daemon`)."""

"""The job controller (upstream's `pkg/controller/job`)."""

"""kube-scheduler: a framework, one module per plugin, and a snapshot of the nodes that is kept up to date."""

"""One module per command; `minikctl.kubectl.commands` says which."""

"""kube-apiserver: the only way to the store. `server.Server.handle` is the chain every request takes."""

"""`minikctl serve`: one cluster file opened to the network.

`service` plugs it together: `listener` (uvicorn, TLS, client certificates), `certificates` (the cluster's own
authority), the ASGI application of `apiserver.http`, and who reconciles meanwhile. Above `cluster`, below kubectl.
"""

"""kube-apiserver's network side: an ASGI application over `Server.handle`.

A request goes through `app.Application`: `requestinfo` (path and method), `queryoptions`, `credentials`
(who asks), `negotiation` (what is wanted), `bodies`, then `Server.handle`, then `answers`. `watches` keeps
open watches fed; `connections` is where streams (exec, attach, portforward, proxy, followed logs) plug in.
Who listens, with which certificates, and who reconciles meanwhile is `minikctl.serving`'s affair.
"""

"""Streams over WebSockets: exec, attach, port-forward, followed logs.

`channels` and `spdy` are the wire formats, `tunnel` is port-forward's use of SPDY; all three are pure. `remotecommand`,
`portforward`, `logs` and `proxy` hold the connections. Counterparts: apiserver's `util/proxy`, `httpstream/wsstream`.
"""

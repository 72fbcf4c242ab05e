"""port-forward over a WebSocket: SPDY tunnelled through it (kubectl), or channels per port (other clients).

Counterparts: apiserver's `util/proxy` (tunneling upgrade) and kubelet's `portforward/websocket.go`.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from minikctl.apimachinery import errors
from minikctl.apiserver.http.handling import handled
from minikctl.apiserver.http.streams import channels
from minikctl.apiserver.http.streams.sockets import Socket, negotiated
from minikctl.apiserver.http.streams.tunnel import Tunnel
from minikctl.apiserver.http.streams.waiting import Listening

if TYPE_CHECKING:
    from minikctl.apimachinery.streaming import PortConnection, PortForwarder
    from minikctl.apiserver.http.connections import Connection

_TUNNEL = "SPDY/3.1+portforward.k8s.io"


async def serve(connection: Connection) -> None:
    """Hold the connections to a pod's ports until the client or the pod goes."""
    protocol = negotiated(connection, (_TUNNEL, *channels.PORT_FORWARD))
    forwarder: PortForwarder = (await handled(connection.server, connection.request)).object
    if protocol is None:
        raise errors.bad_request("Upgrade request required")
    if protocol == _TUNNEL:
        socket = Socket(connection)
        await socket.accept(protocol)
        await _tunnel(connection, socket, forwarder)
        return
    ports = connection.request.options.get("ports") or ()
    if not ports:
        raise errors.bad_request('query parameter "port" is required')
    if any(not 0 < port < 65536 for port in ports):
        raise errors.bad_request(f"invalid port {next(port for port in ports if not 0 < port < 65536)}")
    socket = Socket(connection)
    await socket.accept(protocol)
    await _PortChannels(socket, channels.Channels(protocol), forwarder, list(ports)).run(connection)


async def _tunnel(connection: Connection, socket: Socket, forwarder: PortForwarder) -> None:
    tunnel = Tunnel(forwarder)
    with Listening(connection) as listening:
        while not tunnel.closed and forwarder.alive():
            for message in await listening.news():
                if message["type"] == "websocket.disconnect":
                    return
                back = tunnel.feed(message.get("bytes") or (message.get("text") or "").encode())
                if back:
                    await socket.send(back)
    await socket.close()


class _PortChannels:
    """Channel 2*i carries the data of the i-th port, 2*i+1 what went wrong; each begins with the port's number."""

    def __init__(self, socket: Socket, protocol: channels.Channels, forwarder: PortForwarder, ports: list[int]) -> None:
        self._socket = socket
        self._protocol = protocol
        self._forwarder = forwarder
        self._ports = ports
        self._open: dict[int, PortConnection] = {}

    async def run(self, connection: Connection) -> None:
        for index, port in enumerate(self._ports):
            for channel in (2 * index, 2 * index + 1):
                await self._send(channel, struct.pack("<H", port))
            try:
                self._open[index] = self._forwarder.connect(port)
            except ConnectionRefusedError as refused:
                await self._send(2 * index + 1, str(refused).encode())
        with Listening(connection) as listening:
            while self._open and self._forwarder.alive():
                for message in await listening.news():
                    if message["type"] == "websocket.disconnect":
                        return
                    found = self._protocol.read(message.get("bytes"), message.get("text"))
                    if found is not None and found.data:
                        await self._received(found)
        await self._socket.close()

    async def _received(self, message: channels.Message) -> None:
        index, is_error = divmod(message.channel, 2)
        opened = self._open.get(index)
        if is_error or opened is None:
            return
        back = opened.feed(message.data)
        if back:
            await self._send(message.channel, back)
        if opened.closed:
            del self._open[index]

    async def _send(self, channel: int, data: bytes) -> None:
        for message in self._protocol.written(channel, data):
            await self._socket.send(message)

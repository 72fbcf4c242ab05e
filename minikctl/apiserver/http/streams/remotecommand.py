"""exec and attach over a WebSocket: the channels of a session with a container.

Counterpart: kubelet's `server/remotecommand/websocket.go`.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from minikctl.apimachinery import errors
from minikctl.apiserver.http.handling import handled
from minikctl.apiserver.http.streams import channels
from minikctl.apiserver.http.streams.commandstreams import CommandStreams
from minikctl.apiserver.http.streams.sockets import Socket, negotiated
from minikctl.apiserver.http.streams.waiting import Listening

if TYPE_CHECKING:
    from minikctl.apimachinery.streaming import Session
    from minikctl.apiserver.http.connections import Connection

_LONGEST_INPUT = 512 << 20
_HEAD_START = 0.04  # seconds
_GOODBYE = 1.0  # seconds in which a client may close its side first
_OVER_SPDY = tuple(f"SPDY/3.1+{version}channel.k8s.io" for version in ("v4.", "v3.", "v2.", ""))


async def serve(connection: Connection) -> None:
    """Hold one session until its command or its client ends it."""
    options = connection.request.options
    if not any(options.get(name) for name in ("stdin", "stdout", "stderr")):
        raise errors.bad_request("you must specify at least 1 of stdin, stdout, stderr")
    protocol = negotiated(connection, (*channels.REMOTE_COMMAND, *_OVER_SPDY))
    session: Session = (await handled(connection.server, connection.request)).object
    if protocol is None:
        session.close()
        raise errors.bad_request("Upgrade request required")
    socket = Socket(connection)
    await socket.accept(protocol)
    try:
        if protocol in _OVER_SPDY:
            await _over_spdy(connection, session, socket, protocol)
        else:
            await _Conversation(connection, session, socket, channels.Channels(protocol)).run()
    finally:
        session.close()


class _Conversation:
    """Carries messages between a WebSocket and a session."""

    def __init__(self, connection: Connection, session: Session, socket: Socket, protocol: channels.Channels) -> None:
        self._connection = connection
        self._session = session
        self._socket = socket
        self._protocol = protocol
        options = connection.request.options
        self._wanted = {channel for channel, name in ((1, "stdout"), (2, "stderr")) if options.get(name)}
        self._received = 0

    async def run(self) -> None:
        with Listening(self._connection) as listening:
            await self._let_begin(listening)
            await self._greet()
            while not await self._carry():
                for message in await listening.news():
                    if message["type"] == "websocket.disconnect":
                        return
                    self._take(message)
        status = self._session.status
        assert status is not None
        await self._send(self._protocol.status(status))
        await self._socket.close()

    async def _let_begin(self, listening: Listening) -> None:
        """Give the client a moment.

        Those before v1.35 drop what comes before they have set up their streams, the command's Status as well. What
        they send first tells that they have.
        """
        if self._connection.request.options.get("stdin"):
            await listening.sent_within(_HEAD_START)
        else:
            await asyncio.sleep(_HEAD_START)

    async def _greet(self) -> None:
        """An empty message tells the client that the streams are open."""
        first = min(self._wanted, default=channels.ERROR)
        await self._send(self._protocol.written(first, b""))

    def _take(self, message: Any) -> None:
        found = self._protocol.read(message.get("bytes"), message.get("text"))
        if found is None:
            return
        if found.channel == channels.STDIN:
            self._received += len(found.data)
            if self._received > _LONGEST_INPUT:
                self._session.end_input()
            elif found.data:
                self._session.send(found.data)
        elif (
            found.channel == channels.CLOSE and self._protocol.can_close and found.data[:1] == bytes((channels.STDIN,))
        ):
            self._session.end_input()

    async def _carry(self) -> bool:
        """Send what the session has printed; whether it has ended."""
        for channel, data in self._session.take():
            if channel in self._wanted:
                await self._send(self._protocol.written(channel, data))
        return self._session.status is not None

    async def _send(self, messages: Any) -> None:
        for message in messages:
            await self._socket.send(message)
            await asyncio.sleep(0)


async def _over_spdy(connection: Connection, session: Session, socket: Socket, protocol: str) -> None:
    """Carry a session's streams over SPDY."""
    options = connection.request.options
    wanted = {name for name in ("stdin", "stdout", "stderr") if options.get(name)} | {"error"}
    streams = CommandStreams(protocol, wanted)
    with Listening(connection) as listening:
        while not streams.closed:
            if streams.ready:
                for channel, data in session.take():
                    await socket.send(streams.written(channel, data))
                if session.status is not None:
                    break
            for message in await listening.news():
                if message["type"] == "websocket.disconnect":
                    return
                came, back = streams.feed(message["bytes"])
                if back:
                    await socket.send(back)
                for channel, data, ended in came:
                    if channel == channels.STDIN and data:
                        session.send(data)
                    if channel == channels.STDIN and ended:
                        session.end_input()
        if session.status is not None:
            await socket.send(streams.finished(session.status))
            await listening.sent_within(_GOODBYE)
    await socket.close()

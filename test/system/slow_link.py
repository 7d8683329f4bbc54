"""A way to a server that is long: a proxy that holds everything back for half a round trip, each way."""
import asyncio

from support import ServerThread


class SlowLink(ServerThread):
    """Without a limit of its bandwidth. Connections are accepted and hear nothing until open() is called; then the first
    is led to the server, and the others stay silent, so whoever wants to send has one connection to do it."""

    def __init__(self, to_port, round_trip):
        self.to_port = to_port
        self.delay = round_trip / 2
        self.waiting = []
        self.is_open = False
        super().__init__(lambda: Near(self))

    def open(self):
        self.loop.call_soon_threadsafe(self._open)

    def _open(self):
        self.is_open = True
        self._lead()

    def _lead(self):
        if self.is_open and self.waiting:
            self.is_open = False
            asyncio.ensure_future(self._connect(self.waiting.pop(0)))

    async def _connect(self, near):
        await self.loop.create_connection(lambda: Far(near), "127.0.0.1", self.to_port)


class Side(asyncio.Protocol):
    """Hands what it gets to the other side, later and in order."""
    other = None
    transport = None

    def send_later(self, loop, delay, action):
        loop.call_later(delay, lambda: self.transport and not self.transport.is_closing() and action(self.transport))


class Near(Side):
    def __init__(self, link):
        self.link = link
        self.early = []

    def connection_made(self, transport):
        self.transport = transport
        self.link.waiting.append(self)
        self.link._lead()

    def data_received(self, data):
        if self.other:
            self.other.send_later(self.link.loop, self.link.delay, lambda to: to.write(data))

    def connection_lost(self, why):
        if self in self.link.waiting:
            self.link.waiting.remove(self)
        if self.other:
            self.other.send_later(self.link.loop, self.link.delay, lambda to: to.close())


class Far(Side):
    def __init__(self, near):
        self.near = near
        near.other = self

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.near.send_later(self.near.link.loop, self.near.link.delay, lambda to: to.write(data))

    def connection_lost(self, why):
        self.near.send_later(self.near.link.loop, self.near.link.delay, lambda to: to.close())

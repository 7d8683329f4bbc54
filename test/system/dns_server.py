"""A DNS server on a free port of 127.0.0.1, of UDP and TCP, that says what a test tells it to.

    dns = DnsServer({"example.org": ["MX 10 mx.example.org", "TXT \\"v=spf1 -all\\""], "mx.example.org": ["A 127.0.0.2"]})
    dns.delays["mx.example.org"] = 0.2           # seconds, for every question about the name
    dns.faults["broken.org"] = SERVFAIL          # or (name, type) for one type; see below
    dns.set("new.org", "A 127.0.0.3")            # takes the place of what the name had
    dns.remove("example.org")                    # NXDOMAIN, or an empty answer if names below it are left
    dns.authentic.add("example.org")             # AD, for those who ask for it
    dns.questions                                # [Question("MX", "example.org", False), ...]

Records are written as in a zone file, "[TTL] TYPE DATA", with complete names; Raw() makes those that no zone file can hold.
All of it may be changed at any time, from any thread.
"""
import asyncio
import dataclasses
import typing

from dnslib import QTYPE, RCODE, RD, RR, SOA, DNSRecord

from support import ServerThread

# Faults. The first three are codes of an answer.
SERVFAIL, REFUSED, FORMERR = "SERVFAIL", "REFUSED", "FORMERR"
SILENCE = "silence"        # no answer at all
TRUNCATED = "truncated"    # an empty answer with TC by UDP, the real one by TCP
WRONG_ID = "wrong id"      # an answer to somebody else's question, and no other
CUT = "cut"                # the answer without its last bytes
FOREIGN = "foreign"        # the records are another name's

DEFAULT_TTL = 60


class Question(typing.NamedTuple):
    type: str
    name: str
    by_tcp: bool


@dataclasses.dataclass
class Raw:
    """A record of whatever bytes."""
    type: str
    data: bytes
    ttl: int = DEFAULT_TTL

    def record(self, name):
        return RR(name, getattr(QTYPE, self.type), ttl=self.ttl, rdata=RD(self.data))


def parsed(name, text):
    if isinstance(text, Raw):
        return text.record(name)
    ttl, _, rest = text.partition(" ")
    if not ttl.isdigit():
        ttl, rest = str(DEFAULT_TTL), text
    return RR.fromZone(f"{name}. {ttl} IN {rest}\n", origin=".")[0]


class DnsServer(ServerThread):
    def __init__(self, zone=None, negative_ttl=60):
        self.zone = {}
        self.delays = {}       # seconds, by name
        self.faults = {}       # by name, or by (name, type)
        self.authentic = set()  # names
        self.negative_ttl = negative_ttl
        self.questions = []
        for name, records in (zone or {}).items():
            self.set(name, *records)
        while not self.listen():
            super().end()

    def listen(self):
        """Whether the port that the kernel gave for TCP was free for UDP too."""
        super().__init__(lambda: ByTcp(self))
        try:
            self.udp, _ = self._call(self.loop.create_datagram_endpoint(
                lambda: ByUdp(self), local_addr=("127.0.0.1", self.port)))
        except OSError:
            return False
        return True

    @property
    def address(self):
        """As the `resolver` directive takes it."""
        return f"127.0.0.1:{self.port}"

    def set(self, name, *records):
        self.zone[name.lower()] = [parsed(name, each) for each in records]

    def remove(self, name):
        self.zone.pop(name.lower(), None)

    def asked(self, type=None, name=None):
        """How many questions there were, of a type or about a name."""
        return sum(type in (None, each.type) and name in (None, each.name) for each in self.questions)

    def end(self):
        if not self.loop.is_closed():
            self.loop.call_soon_threadsafe(self.udp.close)
        super().end()

    # What follows runs in the thread of the server.

    def take(self, message, by_tcp, send):
        """Answers by send(bytes), now or later or never."""
        try:
            asked = DNSRecord.parse(message)
            name = str(asked.q.qname).rstrip(".").lower()
            type = QTYPE[asked.q.qtype]
        except Exception:
            return
        self.questions.append(Question(type, name, by_tcp))
        self.loop.call_later(self.delays.get(name, 0), self.reply, asked, name, type, by_tcp, send)

    def reply(self, asked, name, type, by_tcp, send):
        fault = self.faults.get((name, type), self.faults.get(name))
        if fault == SILENCE:
            return
        if fault in (SERVFAIL, REFUSED, FORMERR):
            made = asked.reply(ra=1, aa=0)
            made.header.ad, made.header.rcode = 0, getattr(RCODE, fault)
        else:
            made = self.found(asked, name, type)
        if fault == TRUNCATED and not by_tcp:
            made.rr, made.auth, made.header.tc = [], [], 1
        if fault == WRONG_ID:
            made.header.id ^= 0x5555
        if fault == FOREIGN:
            made.rr = [RR("foreign.example", each.rtype, ttl=each.ttl, rdata=each.rdata) for each in made.rr]
        packed = made.pack()
        if not by_tcp and len(packed) > 1232:
            made.rr, made.auth, made.header.tc = [], [], 1
            packed = made.pack()
        send(packed[:-3] if fault == CUT else packed)

    def found(self, asked, name, type):
        """The records of a name, and of what it is an alias of."""
        made = asked.reply(ra=1, aa=0)
        wants_ad = asked.header.ad or any(each.rtype == QTYPE.OPT and each.ttl & 0x8000 for each in asked.ar)
        made.header.ad = int(wants_ad and name in self.authentic)
        for _ in range(8):
            here = self.zone.get(name, [])
            made.rr += [each for each in here if QTYPE[each.rtype] == type]
            aliases = [each for each in here if each.rtype == QTYPE.CNAME]
            if not aliases or type == "CNAME" or made.rr and made.rr[-1].rtype == asked.q.qtype:
                break
            made.add_answer(*aliases)
            name = str(aliases[0].rdata.label).rstrip(".").lower()
        if not made.rr or made.rr[-1].rtype != asked.q.qtype:
            exists = any(each == name or each.endswith("." + name) for each in self.zone)
            made.header.rcode = RCODE.NOERROR if exists else RCODE.NXDOMAIN
            times = (1, 3600, 600, 86400, self.negative_ttl)
            made.add_auth(RR("example", QTYPE.SOA, ttl=3600, rdata=SOA("ns.example", "root.example", times)))
        return made


class ByUdp(asyncio.DatagramProtocol):
    def __init__(self, server):
        self.server = server

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, peer):
        self.server.take(data, False, lambda message: self.transport.sendto(message, peer))


class ByTcp(asyncio.Protocol):
    def __init__(self, server):
        self.server = server
        self.buffer = b""

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.buffer += data
        while len(self.buffer) >= 2 and len(self.buffer) >= 2 + int.from_bytes(self.buffer[:2]):
            size = int.from_bytes(self.buffer[:2])
            message, self.buffer = self.buffer[2:2 + size], self.buffer[2 + size:]
            self.server.take(message, True, self.send)

    def send(self, message):
        self.transport.write(len(message).to_bytes(2) + message)

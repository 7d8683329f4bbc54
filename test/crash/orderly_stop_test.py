"""SIGTERM under load, again and again: every client is answered or told 421, what was answered with 250 arrives, and nothing
arrives twice, nor does anything that its client would send again.

The daemon relays from 20 connections to a sink. $WAYPOST_STOPS or --stops N says how often it is stopped.
"""
import asyncio
import collections
import os
import pathlib
import random
import sys
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "system"))
from sink import Sink  # noqa: E402
from support import ReservedPort, SystemTest, wait_until  # noqa: E402

STOPS = int(os.environ.get("WAYPOST_STOPS", "20"))
CONNECTIONS = 20
IDLE = 3
LONGEST_STOP = 12  # seconds: 9 of grace, and what a loaded machine adds
CONFIGURATION = """
listen on 127.0.0.1 port {here}
action "out" relay host "smtp://127.0.0.1:{sink}"
match for any action "out"
"""


class Unanswered(Exception):
    """The connection ended while a reply was due, and no 421 came."""


class Clients:
    """Clients that hold to the protocol: each mail of theirs is sent once, and what became of it is noted."""

    def __init__(self, port):
        self.port = port
        self.accepted = set()
        self.refused = []
        self.unanswered = []
        self.told = 0  # 421s
        self.sent = 0
        self.wanted = True
        self.chance = random.Random(2)
        self.thread = threading.Thread(target=lambda: asyncio.run(self.run()))
        self.thread.start()

    def end(self):
        self.wanted = False
        self.thread.join(timeout=60)

    async def run(self):
        await asyncio.gather(*(self.again_and_again(self.send) for _ in range(CONNECTIONS)),
                             *(self.again_and_again(self.wait) for _ in range(IDLE)))

    async def again_and_again(self, session):
        while self.wanted:
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            except OSError:
                await asyncio.sleep(0.01)  # it is down
                continue
            try:
                await session(Conversation(self, reader, writer))
            except Unanswered as lost:
                self.unanswered.append(str(lost))
            except (EOFError, OSError):
                pass
            finally:
                writer.close()

    async def send(self, conversation):
        await conversation.greet()
        while self.wanted:
            self.sent += 1
            await self.one_mail(conversation, self.sent)
        await conversation.command("QUIT", 1)

    async def one_mail(self, conversation, number):
        await conversation.command("MAIL FROM:<load@client.example>\r\nRCPT TO:<one@else.example>\r\nDATA", 3)
        # Mostly small, some longer than what is kept in memory, some that come in two pieces.
        body = b"0123456789\r\n" * (10_000 if number % 50 == 0 else 50)
        conversation.write(b"X-Number: %d\r\n\r\n" % number + body)
        if number % 20 == 0:
            await asyncio.sleep(self.chance.uniform(0, 0.2))
        conversation.write(b".\r\n")
        if await conversation.reply(f"content of {number}"):
            self.accepted.add(number)

    async def wait(self, conversation):
        await conversation.greet()
        while self.wanted:
            if await conversation.hears_421(0.5):
                return
        await conversation.command("QUIT", 1)


class Conversation:
    def __init__(self, clients, reader, writer):
        self.clients, self.reader, self.writer = clients, reader, writer
        self.heard = False

    def write(self, octets):
        self.writer.write(octets)

    async def greet(self):
        await self.reply("greeting")
        await self.command("EHLO load.example", 1)

    async def command(self, text, replies):
        self.write(text.encode() + b"\r\n")
        for _ in range(replies):
            await self.reply(text)

    async def line(self, due):
        try:
            async with asyncio.timeout(20):
                return await self.reader.readuntil(b"\r\n")
        except TimeoutError:
            raise Unanswered(f"{due}: silence") from None
        except (EOFError, OSError) as lost:
            # Before the greeting nothing was promised: it stood in the kernel's queue when the listener was closed.
            if not self.heard:
                raise EOFError from None
            raise Unanswered(f"{due}: {lost!r}") from None

    async def reply(self, due):
        """Whether it was good news. A 421 is the last that is heard."""
        while True:
            line = await self.line(due)
            self.heard = True
            if line.startswith(b"421 4.3.2 "):
                self.clients.told += 1
                raise EOFError
            if line[3:4] == b"-":
                continue
            if line[:1] not in b"23":
                self.clients.refused.append((due, line))
                return False
            return True

    async def hears_421(self, seconds):
        try:
            async with asyncio.timeout(seconds):
                line = await self.reader.readuntil(b"\r\n")
        except TimeoutError:
            return False
        except (EOFError, OSError) as lost:
            raise Unanswered(f"idle: {lost!r}") from None
        if not line.startswith(b"421 4.3.2 "):
            raise Unanswered(f"idle: {line!r}")
        self.clients.told += 1
        return True


class OrderlyStop(SystemTest):
    def test_under_load(self):
        """audit 6: a stop answers every client, loses nothing and repeats nothing"""
        arrivals = collections.Counter()
        sink = self.ending(Sink(keep=False))
        sink.on_mail = lambda mail: arrivals.update([int(mail.field("X-Number"))])
        # The clients go on connecting while it is down: nobody else may listen there.
        here = self.ending(ReservedPort()).number
        daemon = self.start(CONFIGURATION.format(here=here, sink=sink.port))
        clients = Clients(here)
        self.addCleanup(clients.end)
        chance = random.Random(1)
        longest = 0.0
        for _ in range(STOPS):
            enough = len(clients.accepted) + chance.randrange(20, 200)
            wait_until(lambda: len(clients.accepted) > enough, "mail is taken", explain=daemon.log)
            begun = time.monotonic()
            daemon.stop()
            longest = max(longest, time.monotonic() - begun)
            daemon.log_file.unlink()  # a thousand stops would make it long
            daemon.start()
        clients.end()
        daemon.wait_until_empty(seconds=120)
        daemon.stop()

        twice = sorted(number for number, times in arrivals.items() if times > 1)
        print(f"\naccepted {len(clients.accepted)}, arrived {len(arrivals)}, told 421 {clients.told}, stops {STOPS}, "
              f"the longest took {longest:.1f} s", file=sys.stderr)
        self.assertEqual(clients.unanswered, [], "clients that heard neither an answer nor 421")
        self.assertEqual(clients.refused, [])
        self.assertEqual(clients.accepted - arrivals.keys(), set(), "mail was lost")
        self.assertEqual(arrivals.keys() - clients.accepted, set(), "kept without a 250, so it would be sent again")
        self.assertEqual(twice, [], "mail arrived twice")
        self.assertLess(longest, LONGEST_STOP)
        self.assertFalse(list((daemon.queue / "body").iterdir()), "a body file was left over")


if __name__ == "__main__":
    if "--stops" in sys.argv:
        place = sys.argv.index("--stops")
        STOPS = int(sys.argv[place + 1])
        del sys.argv[place:place + 2]
    unittest.main()

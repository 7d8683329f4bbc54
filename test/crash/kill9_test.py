"""kill -9 under load, again and again: what was answered with 250 arrives, and at most what was in flight arrives twice.

The daemon relays from 20 connections to a sink while it is killed at random moments. $WAYPOST_KILLS says how often.
"""
import asyncio
import collections
import os
import pathlib
import random
import sys
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "system"))
from sink import Sink  # noqa: E402
from support import Daemon, ReservedPort, SystemTest, wait_until  # noqa: E402

KILLS = int(os.environ.get("WAYPOST_KILLS", "50"))
CONNECTIONS = 20
CONFIGURATION = """
listen on 127.0.0.1 port {here}
action "out" relay host "smtp://127.0.0.1:{sink}"
match for any action "out"
"""
# A connection to the sink has one mail in flight. What it had delivered during the commit that the kill broke off, and while
# that batch was waiting, was not deleted yet: as much again each, for a client waits for a commit before its next mail.
DUPLICATES_A_KILL = 3 * CONNECTIONS


class Load:
    """Clients that send numbered mail for as long as it is wanted, and note which of it was answered with 250."""

    def __init__(self, port):
        self.port = port
        self.accepted = set()
        self.refused = []
        self.sent = 0
        self.wanted = True
        self.thread = threading.Thread(target=lambda: asyncio.run(self.run()))
        self.thread.start()

    def end(self):
        self.wanted = False
        self.thread.join(timeout=60)

    async def run(self):
        await asyncio.gather(*(self.client() for _ in range(CONNECTIONS)))

    async def client(self):
        while self.wanted:
            try:
                async with asyncio.timeout(20):
                    reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
                try:
                    await self.session(reader, writer)
                finally:
                    writer.close()
            except (OSError, EOFError):
                await asyncio.sleep(0.01)  # it is dead; try again until it is back

    async def session(self, reader, writer):
        async def reply():
            while True:
                async with asyncio.timeout(20):
                    line = await reader.readuntil(b"\r\n")
                if line.startswith(b"421"):
                    raise EOFError  # an orderly end
                if line[:1] not in b"23":
                    self.refused.append(line)
                if line[3:4] != b"-":
                    return

        await reply()
        writer.write(b"EHLO load.example\r\n")
        await reply()
        while self.wanted:
            self.sent += 1
            number = self.sent
            # Mostly small, some longer than what is kept in the database.
            body = b"0123456789\r\n" * (10_000 if number % 50 == 0 else 50)
            recipients = [b"one", b"two", b"three"][: 3 if number % 10 == 0 else 1]
            writer.write(b"MAIL FROM:<load@client.example>\r\n" +
                         b"".join(b"RCPT TO:<%s@else.example>\r\n" % each for each in recipients) + b"DATA\r\n")
            for _ in range(len(recipients) + 2):
                await reply()
            writer.write(b"X-Number: %d\r\n\r\n" % number + body + b".\r\n")
            await reply()
            self.accepted.update((number, each.decode() + "@else.example") for each in recipients)


class Kill9(SystemTest):
    def under_load(self, end, times):
        """Ends the daemon again and again; how often mail arrived more than once."""
        arrivals = collections.Counter()  # of (number, recipient)

        def note(mail):
            arrivals.update((int(mail.field("X-Number")), recipient) for recipient in mail.recipients)

        sink = self.ending(Sink(keep=False))
        sink.on_mail = note
        # The clients go on connecting while it is down: nobody else may listen there.
        here = self.ending(ReservedPort()).number
        daemon = self.start(CONFIGURATION.format(here=here, sink=sink.port))
        load = Load(here)
        self.addCleanup(load.end)
        chance = random.Random(1)
        for _ in range(times):
            enough = len(load.accepted) + chance.randrange(20, 400)
            wait_until(lambda: len(load.accepted) > enough, "mail is taken", explain=daemon.log)
            end(daemon)
            daemon.start()
        load.end()
        daemon.wait_until_empty(seconds=120)
        daemon.stop()

        duplicates = sum(arrivals.values()) - len(arrivals)
        print(f"\naccepted {len(load.accepted)}, arrived {len(arrivals)}, duplicates {duplicates}, ends {times}",
              file=sys.stderr)
        self.assertEqual(load.refused, [])
        self.assertEqual(load.accepted - arrivals.keys(), set(), "mail was lost")
        self.assertFalse(list((daemon.queue / "body").iterdir()), "a body file was left over")
        return duplicates

    def test_what_was_accepted_arrives_and_only_what_was_in_flight_arrives_twice(self):
        self.assertLessEqual(self.under_load(Daemon.kill, KILLS), KILLS * DUPLICATES_A_KILL)

    def test_after_an_orderly_end_nothing_arrives_twice(self):
        self.assertEqual(self.under_load(Daemon.stop, 5), 0)


if __name__ == "__main__":
    unittest.main()

"""kill -9 under load, again and again: what was answered with 250 arrives, and at most what was in flight arrives twice.

The daemon relays from 20 connections to a sink while it is killed at random moments. $WAYPOST_KILLS says how often.
"""
import collections
import os
import pathlib
import random
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "system"))
from load import CONNECTIONS, Load  # noqa: E402
from sink import Sink  # noqa: E402
from support import Daemon, ReservedPort, SystemTest, wait_until  # noqa: E402

KILLS = int(os.environ.get("WAYPOST_KILLS", "50"))
CONFIGURATION = """
listen on 127.0.0.1 port {here}
action "out" relay host "smtp://127.0.0.1:{sink}"
match for any action "out"
"""
# A connection to the sink has one mail in flight. What it had delivered during the commit that the kill broke off, and while
# that batch was waiting, was not deleted yet: as much again each, for a client waits for a commit before its next mail.
DUPLICATES_A_KILL = 3 * CONNECTIONS


def recipients_of(number):
    return ["one@else.example", "two@else.example", "three@else.example"][: 3 if number % 10 == 0 else 1]


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
        load = Load(here, recipients_of)
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

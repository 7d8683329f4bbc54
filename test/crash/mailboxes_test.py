"""kill -9 while mail goes into Maildirs: everything that was answered with 250 is there, and nothing is there twice.

$WAYPOST_MAILS says how many mails at least, into one Maildir and into a thousand.
"""
import collections
import os
import pathlib
import random
import re
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "system"))
from load import Load  # noqa: E402
from support import Daemon, ReservedPort, SystemTest, wait_until  # noqa: E402

MAILS = int(os.environ.get("WAYPOST_MAILS", "10000"))
ENDS = 20
CONFIGURATION = """
listen on 127.0.0.1 port {here}
table owner {{ box = "{uid}:{gid}:{boxes}" }}
action "keep" maildir "{boxes}/%{{dest.user}}" virtual {{ "@" = box }} userbase <owner>
match for domain "here.example" action "keep"
"""
NUMBER = re.compile(rb"^X-Number: (\d+)$", re.M)


class Mailboxes(SystemTest):
    def under_load(self, recipients_of):
        here = self.ending(ReservedPort()).number
        boxes = self.directory / "boxes"
        boxes.mkdir()
        daemon = self.start(CONFIGURATION.format(here=here, boxes=boxes, uid=os.geteuid(), gid=os.getegid()))
        load = Load(here, recipients_of)
        self.addCleanup(load.end)
        chance = random.Random(1)
        while len(load.accepted) < MAILS:
            enough = len(load.accepted) + chance.randrange(MAILS // ENDS, 2 * MAILS // ENDS)
            wait_until(lambda: len(load.accepted) > enough, "mail is taken", seconds=120, explain=daemon.log)
            Daemon.kill(daemon)
            daemon.start()
        load.end()
        daemon.wait_until_empty(seconds=120)
        daemon.stop()
        there = collections.Counter(
            (int(NUMBER.search(mail.read_bytes())[1]), f"{mail.parents[1].name}@here.example")
            for mail in boxes.glob("*/new/*"))
        twice = sum(there.values()) - len(there)
        print(f"\naccepted {len(load.accepted)}, delivered {len(there)}, twice {twice}", file=sys.stderr)
        self.assertEqual(load.refused, [])
        self.assertEqual(load.accepted - there.keys(), set(), "mail was lost")
        self.assertEqual(twice, 0)
        self.assertEqual(list(boxes.glob("*/tmp/*")), [], "half a mail was left over")

    def test_one_maildir_has_each_mail_once(self):
        self.under_load(lambda number: ["box@here.example"])

    def test_a_thousand_maildirs_have_each_mail_once(self):
        self.under_load(lambda number: [f"box{number * 7919 % 1000}@here.example"])


if __name__ == "__main__":
    unittest.main()

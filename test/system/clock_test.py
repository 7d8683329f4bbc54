"""audit 2, 3: the calendar of the machine jumps, forward and back, while mail is accepted, waits and is delivered.

libfaketime moves the calendar and leaves alone the clock that pauses are measured by, as a correction by NTP or by hand
does. The daemon asks the calendar only; the test sets it by a file.
"""
import collections
import datetime
import os
import pathlib
import smtplib
import time
import unittest

from sink import Sink
from support import SANITIZERS, Daemon, SystemTest, maildir, wait_until

DAY = 86_400
LIBRARY = next(pathlib.Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))

CONFIGURATION = """
listen on 127.0.0.1 port 0
queue retry base 2s max 10s
table people {{ "box" = "{uid}:{gid}:{home}" }}
action "home" maildir userbase <people>
action "out" relay host "smtp://127.0.0.1:{sink}"
match for domain "home.example" action "home"
match for any action "out"
"""


@unittest.skipIf(SANITIZERS, "the runtime of a sanitizer and a library put before it do not mix")
class Clock(SystemTest):
    def setUp(self):
        super().setUp()
        self.offset = self.directory / "offset"
        self.home = self.directory / "home"
        self.sent = collections.Counter()
        self.refusals = collections.Counter()
        self.set_clock(0)
        self.sink = self.ending(Sink(self.answer))
        environment = {"LD_PRELOAD": str(LIBRARY), "FAKETIME_TIMESTAMP_FILE": str(self.offset), "FAKETIME_NO_CACHE": "1",
                       "FAKETIME_DONT_FAKE_MONOTONIC": "1", "TZ": "UTC"}
        configuration = CONFIGURATION.format(home=self.home, sink=self.sink.port, uid=os.getuid(), gid=os.getgid())
        self.daemon = Daemon(self.directory / "daemon", configuration, environment=environment)
        self.addCleanup(self.daemon.kill)
        self.daemon.start()

    def set_clock(self, seconds):
        self.write_clock(f"{seconds:+d}s")

    def write_clock(self, words):
        fresh = self.directory / "offset.new"
        fresh.write_text(words + "\n")
        fresh.rename(self.offset)

    def answer(self, step, argument):
        """Mail for later@ is deferred once each."""
        if step == "RCPT" and "<later" in argument:
            self.refusals[argument] += 1
            if self.refusals[argument] == 1:
                return "450 4.2.0 later"
        return None

    def send(self, *recipients):
        with smtplib.SMTP("127.0.0.1", self.daemon.port) as client:
            for recipient in recipients:
                client.sendmail("a@client.example", [recipient], f"Subject: {recipient}\r\n\r\nx\r\n")
                self.sent[recipient] += 1

    def send_each_way(self, label):
        for n in range(5):
            self.send(f"now-{label}-{n}@else.example", f"later-{label}-{n}@else.example", f"box+{label}-{n}@home.example")

    def delivered(self):
        box = maildir(self.home / "Maildir")
        subjects = [mail.partition(b"Subject: ")[2].partition(b"\n")[0].decode().strip() for mail in box]
        # Where a day has passed, the sender of deferred mail may hear that it is delayed.
        mails = [mail.field("Subject") for mail in list(self.sink.mails) if mail.sender]
        return collections.Counter(mails + subjects)

    def expect_all_once(self):
        self.daemon.wait_until_empty(60)
        self.assertEqual(self.delivered(), self.sent)

    def expect_clock(self, seconds):
        """That the daemon lives at that time."""
        def is_close():
            last = self.daemon.events("smtp", "message")[-1]["time"]
            there = datetime.datetime.fromisoformat(last.replace("Z", "+00:00")).timestamp()
            return abs(there - time.time() - seconds) < 300

        wait_until(is_close, f"it is {seconds} s later to the daemon", explain=self.daemon.log)

    def jump(self, seconds, restart):
        self.send_each_way("before")
        if restart:
            self.daemon.stop()
        self.set_clock(seconds)
        if restart:
            self.daemon.start()
        self.send_each_way("behind")
        self.expect_all_once()
        self.expect_clock(seconds)
        # And on: ids and names of files given out now are none of those given out before.
        self.send_each_way("again")
        self.expect_all_once()
        self.daemon.stop()

    def test_it_stands_still(self):
        """audit 2: ids and names of files do not repeat after a restart, though the clock shows the same time"""
        self.write_clock("2030-01-01 00:00:00")
        self.daemon.stop()
        for label in ("first", "second", "third"):
            self.daemon.start()
            self.send(*(f"box+{label}-{n}@home.example" for n in range(20)))
            wait_until(lambda: self.delivered() == self.sent, "all are in the mailbox", explain=self.daemon.log)
            self.daemon.wait_until_empty()
            self.daemon.stop()


def case(seconds, restart):
    def test(self):
        self.jump(seconds, restart)
    direction = "back" if seconds < 0 else "forward"
    test.__doc__ = f"audit 2: the clock is set {direction} by {abs(seconds)} s{', with a restart' if restart else ''}"
    return test


for each in (-1, -8, -11, -DAY, DAY):
    for again in (False, True):
        name = f"test_{'back' if each < 0 else 'forward'}_{abs(each)}{'_with_a_restart' if again else ''}"
        setattr(Clock, name, case(each, again))


if __name__ == "__main__":
    unittest.main()

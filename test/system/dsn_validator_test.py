"""The validator of reports finds what is wrong with a report, and nothing wrong with a good one."""
import pathlib
import os
import subprocess
import tempfile
import unittest

import dsn_validator
from support import WAYPOST

GOOD = b"""From: Mailer Daemon <MAILER-DAEMON@mx.example.org>
To: <me@home.example>
Date: Sun, 22 Nov 2026 19:27:00 +0000
Subject: Delivery failed
Message-ID: <1@mx.example.org>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
\tboundary="b"

--b
Content-Type: text/plain; charset=us-ascii

It could not be delivered.

--b
Content-Type: message/delivery-status

Original-Envelope-Id: 7
Reporting-MTA: dns; mx.example.org
Arrival-Date: Wed, 18 Nov 2026 19:00:00 +0000

Original-Recipient: rfc822; you@else.example
Final-Recipient: rfc822; you@else.example
Action: failed
Status: 5.1.1
Remote-MTA: dns; sink.example
Diagnostic-Code: smtp; 550 5.1.1 nobody
Last-Attempt-Date: Sun, 22 Nov 2026 19:27:00 +0000

--b
Content-Type: text/rfc822-headers

Subject: hello

--b--
""".replace(b"\n", b"\r\n")

BAD = [
    (b"Subject: hello", "Subject: grüße".encode(), "7-bit text"),
    (b"Subject: hello", b"Subject: " + b"x" * 999, "octets"),
    (b"Subject: hello\r\n", b"Subject: hello\n", "some lines"),
    (b"Subject: hello\r\n", b"Subject: hello\r\n\r\nbody\r\n", "no header section"),
    (b"--b--", b"", "StartBoundary|CloseBoundary"),
    (b"text/rfc822-headers\r\n", b"message/rfc822\r\nContent-Transfer-Encoding: quoted-printable\r\n", "is encoded as"),
    (b"text/rfc822-headers\r\n", b"text/rfc822-headers\r\nContent-Transfer-Encoding: 8bit\r\n", "encoded as 8bit"),
    (b"text/rfc822-headers", b"application/octet-stream", "what is returned is"),
    (b"report-type=delivery-status", b"report-type=something", "no multipart/report"),
    (b"Message-ID: <1@mx.example.org>\r\n", b"", "0 fields Message-ID"),
    (b"Action: failed\r\nStatus: 5.1.1\r\n", b"Status: 5.1.1\r\nAction: failed\r\n", "out of order"),
    (b"Reporting-MTA: dns; mx.example.org\r\n", b"", "Reporting-MTA is missing"),
    (b"Final-Recipient: rfc822; you@else.example\r\n", b"", "Final-Recipient is missing"),
    (b"Final-Recipient: rfc822;", b"Final-Recipient:", "no type in front"),
    (b"Status: 5.1.1", b"Status: 2.1.1", "the status of what was failed"),
    (b"Action: failed", b"Action: lost", "no action"),
    (b"Remote-MTA: dns; sink.example\r\n", b"Will-Retry: tomorrow\r\n", "does not know"),
    (b"Last-Attempt-Date: Sun, 22 Nov 2026 19:27:00 +0000", b"Last-Attempt-Date: yesterday", "no date"),
]


class Validator(unittest.TestCase):
    def test_a_good_report_has_no_fault(self):
        self.assertEqual(dsn_validator.faults_of(GOOD), [])
        self.assertEqual(dsn_validator.faults_of(GOOD.replace(b"\r\n", b"\n")), [])

    def test_each_fault_is_found(self):
        for good, bad, words in BAD:
            with self.subTest(words):
                self.assertIn(good, GOOD)
                faults = dsn_validator.faults_of(GOOD.replace(good, bad, 1))
                self.assertRegex("\n".join(faults), words)


class OfTheUnitTests(unittest.TestCase):
    def test_every_report_that_they_make_is_good(self):
        """Not only what the daemon came to send here: also what hostile servers and senders put into it."""
        program = pathlib.Path(WAYPOST).parent / "test" / "test_mail"
        if not program.exists():
            self.skipTest(f"{program} is not built")
        with tempfile.TemporaryDirectory(prefix="waypost-") as directory:
            subprocess.run([program, "[dsn]"], env={**os.environ, "WAYPOST_DSN_DIRECTORY": directory}, check=True,
                           capture_output=True, timeout=120)
            reports = list(pathlib.Path(directory).iterdir())
            self.assertGreater(len(reports), 100)
            for report in reports:
                text = report.read_bytes()
                # What hostile senders called a header section is returned as it was.
                faults = [each for each in dsn_validator.faults_of(text) if "no header section" not in each]
                self.assertEqual(faults, [], text.decode("latin-1"))


if __name__ == "__main__":
    unittest.main()

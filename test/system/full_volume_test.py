"""A queue on a small volume of its own, which mail for a next hop that is down fills. Needs root, to mount the volume."""
import collections
import contextlib
import os
import smtplib
import subprocess
import unittest

from sink import Sink
from support import ReservedPort, SystemTest, wait_until

CONFIGURATION = """
listen on 127.0.0.1 port 0
queue retry base 1s max 3s
bounce warn-interval 1d
action "out" relay host smtp://127.0.0.1:{port}
match for any action "out"
"""


@unittest.skipUnless(os.geteuid() == 0, "only root can mount a volume")
class FullVolume(SystemTest):
    def mount(self):
        path = self.directory / "daemon/queue"
        path.mkdir(parents=True)
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=6m,mode=0700", "tmpfs", path]).returncode != 0:
            self.skipTest("no volume can be mounted here")
        self.addCleanup(subprocess.run, ["umount", "-l", path])

    def send(self, port, number, size):
        """The code of the reply to the end of the content, or of the refusal before it."""
        with contextlib.closing(smtplib.SMTP("127.0.0.1", port, timeout=60)) as client:
            client.helo("client.example")
            for reply in (client.mail("sender@example.org"), client.rcpt("user@example.com")):
                if reply[0] != 250:
                    return reply
            line = "x" * 70 + "\r\n"
            return client.data(f"Subject: x\r\nX-Number: {number}\r\n\r\n" + line * (size // len(line)))

    def fill_and_empty(self, size):
        self.mount()
        port = ReservedPort()
        self.addCleanup(port.end)
        daemon = self.start(CONFIGURATION.format(port=port.number))
        accepted = set()
        refusals = []
        for number in range(400):
            code, text = self.send(daemon.port, number, size)
            if code == 250:
                accepted.add(number)
            else:
                refusals.append((code, text))
                if len(refusals) > 5:
                    break
        self.assertGreater(len(accepted) * size, 2 << 20)
        self.assertGreater(len(refusals), 5, "the volume has no end")
        for code, text in refusals:
            self.assertEqual((code, text[:5]), (452, b"4.3.1"))

        sink = self.ending(Sink(at=("127.0.0.1", port.number)))
        daemon.wait_until_empty(seconds=90)
        # It takes mail again by itself.
        def is_taken():
            reply = self.send(daemon.port, 1000, size)
            return reply[0] == 250
        wait_until(is_taken, "mail is taken again", seconds=30, explain=daemon.log)
        accepted.add(1000)
        wait_until(lambda: any(mail.field("X-Number") == "1000" for mail in sink.mails), "it is delivered", explain=daemon.log)
        daemon.wait_until_empty()
        daemon.stop()
        counts = collections.Counter(int(mail.field("X-Number")) for mail in sink.mails)
        self.assertEqual(set(counts), accepted)
        self.assertEqual([number for number, times in counts.items() if times > 1], [])

    def test_texts_in_the_database(self):
        """audit 21: a queue that fills its volume comes back by itself, with texts in the database"""
        self.fill_and_empty(60_000)

    def test_texts_in_files(self):
        """audit 21: a queue that fills its volume comes back by itself, with texts in files"""
        self.fill_and_empty(70_000)


if __name__ == "__main__":
    unittest.main()

"""Forwarded mail leaves in our name, and a bounce of it finds the first sender."""
import smtplib
import unittest

from sink import Sink
from support import SystemTest, wait_until, waypost

CONFIGURATION = """
listen on 127.0.0.1 port 0
srs key "a long secret"
action "out" relay host "smtp://127.0.0.1:{sink}" srs
action "lists" expand-only virtual {{ "list@here.example" = "ada@elsewhere.example, bob@elsewhere.example" }}
match from any for domain "here.example" action "lists"
match from local for any action "out"
"""


class Srs(SystemTest):
    def setUp(self):
        super().setUp()
        self.sink = self.ending(Sink())
        self.daemon = self.start(CONFIGURATION.format(sink=self.sink.port))

    def send(self, sender, recipient):
        before = len(self.sink.mails)
        with smtplib.SMTP("127.0.0.1", self.daemon.port) as client:
            client.sendmail(sender, [recipient], "Subject: hello\r\n\r\nbody\r\n")
        wait_until(lambda: len(self.sink.mails) > before, "it is there", explain=self.daemon.log)
        return self.sink.mails[-1]

    def test_a_bounce_comes_back_to_the_first_sender(self):
        mail = self.send("eve@origin.example", "list@here.example")
        self.assertEqual(sorted(mail.recipients), ["ada@elsewhere.example", "bob@elsewhere.example"])
        self.assertRegex(mail.sender, r"^SRS0=[a-z2-7]{6}=[a-z2-7]{2}=origin\.example=eve@here\.example$")
        bounce = self.send("", mail.sender.lower())
        self.assertEqual((bounce.sender, bounce.recipients), ("", ["eve@origin.example"]))
        with self.assertRaises(smtplib.SMTPRecipientsRefused):
            self.send("", mail.sender.replace("eve@", "mallory@"))
        self.daemon.wait_until_empty()
        self.daemon.stop()

    def test_explain_shows_the_rule_that_a_bounce_meets(self):
        """audit 32: of an SRS address the line is that of the rule for the first sender, not of its own domain"""
        mail = self.send("eve@origin.example", "list@here.example")
        done = waypost("explain", "-f", self.daemon.configuration, "--from-ip", "192.0.2.1", "<>", mail.sender)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn(f"rule     {self.daemon.configuration}:9\n", done.stdout)
        self.assertIn("to       eve@origin.example\n", done.stdout)
        self.daemon.stop()

    def test_mail_that_is_not_forwarded_leaves_as_it_came(self):
        self.assertEqual(self.send("eve@origin.example", "ada@elsewhere.example").sender, "eve@origin.example")
        self.daemon.wait_until_empty()
        self.daemon.stop()


if __name__ == "__main__":
    unittest.main()

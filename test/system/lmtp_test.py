"""`action ... lmtp` hands mail to Dovecot, whose IMAP shows it."""
import os
import smtplib
import unittest

from dovecot import Dovecot
from real_users import needs_root
from support import SystemTest, wait_until

HEAD = """
listen on 127.0.0.1 port 0
table people {{ ada = "{uid}:{uid}:/nonexistent", bob = "{uid}:{uid}:/nonexistent" }}
table names {{ "ada@here.example" = ada, "team@here.example" = "ada, bob" }}
"""


@needs_root
class Lmtp(SystemTest):
    def setUp(self):
        super().setUp()
        self.directory.chmod(0o755)
        self.dovecot = self.ending(Dovecot(self.directory / "dovecot"))

    def serve(self, action):
        self.daemon = self.start(HEAD.format(uid=os.geteuid()) + f'action "store" {action} userbase <people>\n'
                                 'match for domain "here.example" action "store"\n')

    def send(self, *recipients):
        with smtplib.SMTP("127.0.0.1", self.daemon.port) as client:
            client.sendmail("eve@example.net", recipients, "Subject: hello\r\n\r\n.dots\r\nand more\r\n")

    def expect(self, user):
        mails = wait_until(lambda: self.dovecot.mails(user), f"{user} sees his mail",
                           explain=lambda: self.daemon.log() + self.dovecot.log())
        self.assertEqual(len(mails), 1)
        self.assertIn(b"Subject: hello\r\n", mails[0])
        self.assertTrue(mails[0].endswith(b"\r\n\r\n.dots\r\nand more\r\n"), mails[0])

    def test_users_are_named_to_it_at_a_port(self):
        self.serve(f'lmtp "127.0.0.1:{self.dovecot.lmtp}" virtual <names>')
        self.send("team@here.example")
        self.expect("ada")
        self.expect("bob")
        self.daemon.wait_until_empty()
        self.daemon.stop()

    def test_whole_addresses_go_to_it_at_a_socket(self):
        self.serve(f'lmtp "{self.dovecot.socket}" rcpt-to virtual <names>')
        self.send("ada@here.example")
        self.expect("ada@here.example")
        self.daemon.wait_until_empty()
        self.daemon.stop()

    def test_mail_waits_for_a_store_that_is_down(self):
        self.serve(f'lmtp "{self.dovecot.socket}" virtual <names>')
        self.dovecot.end()
        self.send("ada@here.example")
        wait_until(lambda: self.daemon.deliveries("TempFail"), "it is put off", explain=self.daemon.log)
        self.assertEqual(len(self.daemon.rows()), 1)
        self.daemon.stop()


if __name__ == "__main__":
    unittest.main()

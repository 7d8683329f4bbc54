"""The first mail of a new user: the configuration for trying it out, and the programs that people send mail with."""
import os
import pwd
import smtplib
import subprocess
import unittest
from email.message import EmailMessage

from support import HERE, SystemTest, maildir, wait_until

TRY = HERE.parents[1] / "config/try.conf"
TEXT = "Subject: first\n\nIt works.\n"


class FirstMail(SystemTest):
    def setUp(self):
        super().setUp()
        shipped = TRY.read_text()
        self.assertIn("port 2525", shipped)
        self.daemon = self.start(shipped.replace("port 2525", "port 0"), queue="var/spool", arguments=[
            "-D", f"user={pwd.getpwuid(os.getuid()).pw_name}", "-D", f"queue={self.directory}/daemon/var/spool",
            "-D", f"maildir={self.directory}/daemon/var/Maildir"])
        self.port = str(self.daemon.port)

    def run_program(self, *arguments, text=""):
        done = subprocess.run(arguments, input=text, capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def expect_mail(self, sender="you@example.org", recipient="anyone@example.org"):
        [mail] = wait_until(lambda: maildir(self.daemon.directory / "var/Maildir"), "the mail is in the Maildir",
                            explain=self.daemon.log)
        lines = mail.decode().splitlines()
        self.assertEqual(lines[:2], [f"Return-Path: <{sender}>", f"Delivered-To: {recipient}"])
        self.assertTrue(lines[2].startswith("Received: from "), lines[2])
        self.assertIn("Subject: first", lines)
        self.assertEqual([line for line in lines if line][-1], "It works.")
        self.assertNotIn(b"\r", mail)
        self.daemon.wait_until_empty()
        self.daemon.stop()

    def test_swaks_sends_it(self):
        self.run_program("swaks", "--server", "127.0.0.1", "--port", self.port, "--from", "you@example.org", "--to",
                         "anyone@example.org", "--header", "Subject: first", "--body", "It works.")
        self.expect_mail()

    def test_curl_sends_it(self):
        self.run_program("curl", "--silent", "--show-error", f"smtp://127.0.0.1:{self.port}", "--mail-from",
                         "you@example.org", "--mail-rcpt", "anyone@example.org", "--upload-file", "-", text=TEXT)
        self.expect_mail()

    def test_python_sends_it(self):
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = "you@example.org", "anyone@example.org", "first"
        message.set_content("It works.\n")
        with smtplib.SMTP("127.0.0.1", self.daemon.port) as client:
            client.send_message(message)
        self.expect_mail()

    def test_msmtp_sends_it(self):
        self.run_program("msmtp", "--file=/dev/null", "--host=127.0.0.1", f"--port={self.port}",
                         "--from=you@example.org", "anyone@example.org", text=TEXT)
        self.expect_mail()


if __name__ == "__main__":
    unittest.main()

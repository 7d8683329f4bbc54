"""sendmail(8), for programs of this machine: into the running daemon, and into the queue when none runs."""
import os
import unittest

from sink import Sink
from support import WAYPOST, SystemTest, wait_until, waypost

CONFIGURATION = """
listen on 127.0.0.1 port 0
action "out" relay host "smtp://127.0.0.1:{port}"
match from local for domain "refused.example" reject
match from local for any action "out"
"""


class SendmailTest(SystemTest):
    def setUp(self):
        super().setUp()
        self.sink = self.ending(Sink())
        self.daemon = self.start(CONFIGURATION.format(port=self.sink.port))
        self.environment = {"WAYPOST_CONFIG": str(self.daemon.configuration)}

    def sendmail(self, *arguments, text, program=(WAYPOST, "sendmail"), code=0):
        done = waypost(*arguments, stdin=text, environment=self.environment, program=program)
        self.assertEqual(done.returncode, code, done.stderr)
        return done.stderr

    def mail(self):
        wait_until(lambda: self.sink.mails, "the mail is at the smart host", explain=self.daemon.log)
        self.daemon.wait_until_empty()
        [mail] = self.sink.mails
        return mail


class WhileTheDaemonRuns(SendmailTest):
    def test_the_recipients_of_the_header_are_taken_and_bcc_is_removed(self):
        self.sendmail("-t", "-i", "-f", "me@client.example", text=(
            "From: me@client.example\nTo: One <one@else.example>,\n two@else.example\nCc: three@else.example\n"
            "Bcc: four@else.example\nSubject: to all\n\nhello\n"))
        mail = self.mail()
        self.assertEqual(mail.sender, "me@client.example")
        self.assertEqual(sorted(mail.recipients), [f"{each}@else.example" for each in ("four", "one", "three", "two")])
        self.assertNotIn(b"Bcc", mail.content)
        self.assertNotIn(b"four@", mail.content)
        self.assertIn(b"To: One <one@else.example>,\r\n two@else.example\r\n", mail.content)
        self.assertTrue(mail.content.endswith(b"\r\n\r\nhello\r\n"))

    def test_what_a_program_left_out_is_added(self):
        self.sendmail("-f", "cron@client.example", "-F", "Cron \"the\" Daemon", "you@else.example",
                      text="Subject: done\n\nhello\n")
        mail = self.mail()
        self.assertEqual(mail.field("From"), '"Cron \\"the\\" Daemon" <cron@client.example>')
        self.assertRegex(mail.field("Date"), r"^\w{3}, +\d+ \w{3} \d{4} \d\d:\d\d:\d\d [+-]\d{4}")
        self.assertRegex(mail.field("Message-ID"), r"^<.+@.+>$")

    def test_a_lone_dot_ends_the_message(self):
        self.sendmail("you@else.example", text="Subject: dot\n\nbefore\n.\nafter\n")
        self.assertTrue(self.mail().content.endswith(b"\r\n\r\nbefore\r\n"))

    def test_a_lone_dot_is_text_with_i_and_oi(self):
        for option in ("-i", "-oi"):
            with self.subTest(option):
                self.sink.mails.clear()
                self.sendmail(option, "you@else.example", text="Subject: dot\n\nbefore\n.\nafter\n")
                self.assertTrue(self.mail().content.endswith(b"\r\n\r\nbefore\r\n.\r\nafter\r\n"))

    def test_a_link_of_that_name_is_sendmail(self):
        link = self.directory / "sendmail"
        os.symlink(WAYPOST, link)
        self.sendmail("-oi", "-f", "<>", "you@else.example", text="Subject: link\n\nhello\n", program=(link,))
        self.assertEqual(self.mail().sender, "")

    def test_newaliases_is_content_whatever_it_is_called(self):
        link = self.directory / "newaliases"
        os.symlink(WAYPOST, link)
        for program in ((link,), (WAYPOST, "sendmail", "-bi"), (WAYPOST, "sendmail", "-I")):
            with self.subTest(program):
                done = waypost(program=program, environment={})
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                self.assertEqual(done.stdout.count("\n"), 1)

    def test_octets_over_127_pass_unchanged(self):
        text = "Subject: Grüße\n\nhellö\n".encode() + bytes(range(128, 256)) + b"\n"
        self.sendmail("you@else.example", text=text)
        self.assertIn("Subject: Grüße\r\n".encode(), self.mail().content)
        self.assertTrue(self.mail().content.endswith(text.partition(b"\n\n")[2].replace(b"\n", b"\r\n")))

    def test_a_refusal_is_an_exit_code(self):
        self.assertIn("5.7.1", self.sendmail("you@refused.example", text="Subject: no\n\n", code=67))
        self.sendmail(text="Subject: to nobody\n\n", code=64)
        self.sendmail("-t", text="To: not@an@address\n\n", code=64)
        self.sendmail("--unknown", "you@else.example", text="\n", code=64)
        self.assertEqual(self.daemon.rows(), [])

    def test_one_refused_recipient_keeps_the_mail_from_all(self):
        self.sendmail("you@else.example", "you@refused.example", text="Subject: half\n\n", code=67)
        self.sendmail("other@else.example", text="Subject: whole\n\n")
        self.assertEqual(self.mail().recipients, ["other@else.example"])


class WhileTheDaemonIsDown(SendmailTest):
    def setUp(self):
        super().setUp()
        self.daemon.stop()

    def test_it_waits_in_the_queue_for_the_start(self):
        self.sendmail("-t", "-f", "me@client.example", text=(
            "To: one@else.example\nBcc: two@else.example\nSubject: later\n\n" + "hello\n" * 20_000))
        self.assertEqual(len(self.daemon.rows()), 2)
        self.assertEqual(self.sink.sessions, 0)
        self.daemon.start()
        mail = self.mail()
        self.assertEqual(mail.sender, "me@client.example")
        self.assertEqual(sorted(mail.recipients), ["one@else.example", "two@else.example"])
        self.assertNotIn(b"Bcc", mail.content)
        self.assertTrue(mail.content.endswith(b"hello\r\n" * 20_000))

    def test_a_refusal_is_an_exit_code_too(self):
        self.assertIn("5.7.1", self.sendmail("you@else.example", "you@refused.example", text="\n", code=67))
        self.assertEqual(self.daemon.rows(), [])

    def test_a_socket_that_nobody_listens_on_is_no_daemon(self):
        self.daemon.start()
        self.daemon.kill()
        self.assertTrue((self.daemon.queue / "smtp.sock").exists())
        self.sendmail("you@else.example", text="Subject: after a crash\n\nhello\n")
        self.daemon.start()
        self.assertEqual(self.mail().field("Subject"), "after a crash")

    def test_a_configuration_that_cannot_be_used_is_an_exit_code(self):
        self.daemon.configuration.write_text("match nonsense\n")
        self.sendmail("you@else.example", text="\n", code=78)


if __name__ == "__main__":
    unittest.main()

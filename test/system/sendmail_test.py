"""sendmail(8), for programs of this machine: into the running daemon, or not at all."""
import os
import shutil
import subprocess
import unittest

from sink import Sink
from real_users import RealUser, needs_root
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
        self.environment = {"WAYPOST_SOCKET": str(self.daemon.socket)}

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
        self.assertIn("5.7.1", self.sendmail("you@refused.example", text="Subject: no\n\n", code=77))
        self.sendmail(text="Subject: to nobody\n\n", code=64)
        self.sendmail("-t", text="To: not@an@address\n\n", code=65)
        self.sendmail("--unknown", "you@else.example", text="\n", code=64)
        self.assertEqual(self.daemon.rows(), [])

    def test_one_refused_recipient_keeps_the_mail_from_all(self):
        self.sendmail("you@else.example", "you@refused.example", text="Subject: half\n\n", code=77)
        self.sendmail("other@else.example", text="Subject: whole\n\n")
        self.assertEqual(self.mail().recipients, ["other@else.example"])


    def test_the_exit_code_tells_whose_fault_it_is(self):
        """audit 27: denied relaying is 77, a NUL in the message 65, an option that is not built 69"""
        self.sendmail("you@refused.example", text="\n", code=77)
        self.assertIn("NUL", self.sendmail("you@else.example", text="nul\0byte\n", code=65))
        for option in ("-bp", "-q", "-q15m", "-bd", "-bv"):
            self.assertIn(option, self.sendmail(option, text="", code=69))

    def test_every_argument_is_an_address_list(self):
        """audit 27: every argument is an address list, with the options of cron"""
        self.sendmail("-i", "-FCronDaemon", "-B8BITMIME", "-oem", "-f", "<me@client.example>", "root@else.example,bob@else.example",
                      "Al <alice@else.example>, carol@else.example", text="Subject: lists\n\n")
        mail = self.mail()
        self.assertEqual(mail.sender, "me@client.example")
        self.assertEqual(sorted(mail.recipients), [f"{each}@else.example" for each in ("alice", "bob", "carol", "root")])
        self.assertEqual(mail.field("From"), '"CronDaemon" <me@client.example>')

    def test_a_resent_message_goes_to_the_newest_recipients_alone(self):
        """audit 27: with -t and Resent fields the newest resending names the recipients"""
        self.sendmail("-t", "-f", "me@client.example", text=(
            "Resent-To: new@else.example\nResent-Bcc: hidden@else.example\nTo: old@else.example\nSubject: again\n\nhello\n"))
        mail = self.mail()
        self.assertEqual(sorted(mail.recipients), ["hidden@else.example", "new@else.example"])
        self.assertNotIn(b"hidden", mail.content)

    def test_bcc_is_removed_without_t_too(self):
        """audit 28: Bcc is nobody's to see, with -t or without"""
        self.sendmail("you@else.example", text="Bcc: secret@else.example\nSubject: blind\n\nhello\n")
        self.assertNotIn(b"secret", self.mail().content)

    def test_names_without_a_domain_are_of_the_daemons_host(self):
        self.sendmail("-f", "daemon", "root", text="Subject: local\n\n")
        mail = self.mail()
        self.assertEqual((mail.sender, mail.recipients), ("daemon@mx.example.org", ["root@mx.example.org"]))

    def test_smtp_on_standard_input(self):
        """audit 27: -bs speaks SMTP on standard input"""
        done = waypost("-bs", stdin=(
            "EHLO localhost\r\nMAIL FROM:<me@client.example>\r\nRCPT TO:<you@else.example>\r\nDATA\r\n"
            "Subject: bs\r\n\r\n..dot\r\n.\r\nQUIT\r\n").encode(), environment=self.environment, program=(WAYPOST, "sendmail"))
        self.assertEqual(done.returncode, 0, done.stderr)
        codes = [line[:3] for line in done.stdout.decode().splitlines() if line[3:4] == " "]
        # DATA ends a group: what was sent behind it before its answer came is content all the same.
        self.assertEqual(codes, ["220", "250", "250", "250", "354", "250", "221"])
        self.assertTrue(self.mail().content.endswith(b"\r\n\r\n.dot\r\n"))

    def test_smtp_on_standard_input_carries_big_mail(self):
        lines = b"x" * 998 + b"\r\n"
        done = waypost("-bs", stdin=(
            b"EHLO localhost\r\nMAIL FROM:<me@client.example>\r\nRCPT TO:<you@else.example>\r\nDATA\r\n"
            b"Subject: big\r\n\r\n" + lines * 5_000 + b".\r\nQUIT\r\n"), environment=self.environment, program=(WAYPOST, "sendmail"))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue(self.mail().content.endswith(lines * 5_000))

    def test_mailq_says_that_it_is_not_built(self):
        link = self.directory / "mailq"
        os.symlink(WAYPOST, link)
        self.assertIn("is not built", self.sendmail(text="", program=(link,), code=69))

    def test_smtp_on_standard_input_ends_with_it(self):
        process = subprocess.Popen([WAYPOST, "sendmail", "-bs"], env={**os.environ, **self.environment},
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.addCleanup(process.kill)
        self.assertTrue(process.stdout.readline().startswith(b"220 "))
        process.stdin.write(b"NOOP\r\n")
        process.stdin.flush()
        self.assertTrue(process.stdout.readline().startswith(b"250 "))
        process.stdin.close()
        self.assertEqual(process.wait(timeout=30), 0)
        process.stdout.close()


class WhileTheDaemonIsDown(SendmailTest):
    def setUp(self):
        super().setUp()
        self.daemon.stop()

    def test_nothing_is_accepted(self):
        """audit 26: without a daemon sendmail accepts nothing and says so"""
        self.assertIn("no daemon is running; the message was not accepted",
                      self.sendmail("you@else.example", text="Subject: later\n\nhello\n", code=75))
        self.assertEqual(self.daemon.rows(), [])

    def test_no_file_is_made(self):
        """audit 13: sendmail makes no queue and no file in one"""
        before = sorted(self.daemon.queue.rglob("*"))
        self.sendmail("you@else.example", text="Subject: later\n\n" + "hello\n" * 20_000, code=75)
        self.assertEqual(sorted(self.daemon.queue.rglob("*")), before)
        fresh = self.directory / "fresh"
        self.daemon.configuration.write_text(f'queue path "{fresh}"\naction "out" relay\nmatch for any action "out"\n')
        self.environment["WAYPOST_CONFIG"] = str(self.daemon.configuration)
        self.sendmail("you@else.example", text="Subject: later\n\n", code=75)
        self.assertFalse(fresh.exists())

    def test_a_socket_that_nobody_listens_on_is_no_daemon(self):
        self.daemon.start()
        self.daemon.kill()
        self.assertTrue(self.daemon.socket.exists())
        self.assertIn("no daemon is running", self.sendmail("you@else.example", text="\n", code=75))

    def test_smtp_on_standard_input_is_refused_in_its_own_words(self):
        done = waypost("-bs", stdin="QUIT\r\n", environment=self.environment, program=(WAYPOST, "sendmail"))
        self.assertEqual(done.returncode, 75)
        self.assertRegex(done.stdout, r"^421 4\.3\.2 ")


@needs_root
class ForEveryUser(SystemTest):
    def setUp(self):
        super().setUp()
        self.directory.chmod(0o755)
        self.sink = self.ending(Sink())
        self.user = self.ending(RealUser(self.directory))
        self.program = self.directory / "sendmail"  # every user may run it, wherever it was built
        shutil.copy(WAYPOST, self.program)
        self.program.chmod(0o755)

    def sendmail(self, daemon, code):
        done = subprocess.run(
            ["setpriv", "--reuid", str(self.user.uid), "--regid", str(self.user.gid), "--clear-groups", self.program,
             "you@else.example"],
            input="Subject: mine\n\nhello\n", env={"PATH": os.environ["PATH"], "WAYPOST_SOCKET": str(daemon.socket)},
            cwd="/", capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, code, done.stderr)
        return done.stderr

    def test_an_ordinary_user_sends_with_a_configuration_that_only_root_reads(self):
        """audit 4: sendmail works for every user, and needs no configuration that they can read"""
        daemon = self.start(CONFIGURATION.format(port=self.sink.port))
        daemon.directory.chmod(0o755)
        daemon.configuration.chmod(0o600)
        self.sendmail(daemon, 0)
        wait_until(lambda: self.sink.mails, "the mail is at the smart host", explain=daemon.log)
        [mail] = self.sink.mails
        self.assertEqual(mail.sender, f"{self.user.name}@mx.example.org")
        self.assertIn(f"from userid {self.user.uid})".encode(), mail.content)
        wait_until(lambda: [each for each in daemon.events("smtp", "connected") if each.get("uid") == self.user.uid],
                   "the log names the user", explain=daemon.log)

    def test_a_socket_that_cannot_be_reached_says_so(self):
        """audit 4: a daemon that may not be reached is not taken for none"""
        daemon = self.start(CONFIGURATION.format(port=self.sink.port))
        daemon.directory.chmod(0o700)
        said = self.sendmail(daemon, 75)
        self.assertIn("the daemon cannot be reached", said)
        self.assertIn("Permission denied", said)


if __name__ == "__main__":
    unittest.main()

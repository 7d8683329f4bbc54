"""What becomes of mail that the smart host does not take: reports, retries, and a mix of both."""
import email
import email.policy
import os
import pwd
import re
import time
import unittest

import conversation
from sink import CLOSE, Sink
from support import SystemTest, maildir, wait_until

CONFIGURATION = """
listen on 127.0.0.1 port 0
action "home" maildir "{home}" virtual {{ "@home.example" = {user} }}
action "out" relay host "smtp://127.0.0.1:{port}"
match for domain home.example action "home"
match for any action "out"
"""
ME = "me@home.example"
FIRST_PAUSE = 400  # seconds


class BounceTest(SystemTest):
    def start_with(self, answer):
        self.sink = self.ending(Sink(answer))
        self.home = self.directory / "home"
        user = pwd.getpwuid(os.getuid()).pw_name
        self.daemon = self.start(CONFIGURATION.format(port=self.sink.port, home=self.home, user=user))

    def send(self, *recipients, sender=ME, content=b"Subject: to you\r\n\r\nhello\r\n", **more):
        self.assertEqual(conversation.send(self.daemon.port, content, sender=sender, recipients=recipients, **more), 250)

    def report(self):
        """The one report in the sender's mailbox."""
        [text] = wait_until(lambda: maildir(self.home), "a report arrives", explain=self.daemon.log)
        return email.message_from_bytes(text, policy=email.policy.default)

    def fields_of(self, report):
        """The fields of a report's second part: of the message, then of each recipient."""
        return [dict(part.items()) for part in list(report.iter_parts())[1].get_payload()]

    def expect_deferred(self, recipient, tries=1):
        [row] = wait_until(lambda: self.daemon.rows("SELECT * FROM envelopes WHERE tries = ?", tries), "it is deferred",
                           explain=self.daemon.log)
        self.assertEqual(row["forward_path"], recipient)
        return row


class Reports(BounceTest):
    def test_a_permanent_refusal_is_reported_to_the_sender(self):
        self.start_with(lambda step, _: "550-5.1.1 nobody\r\n550 5.1.1 of that name" if step == "RCPT" else None)
        self.send("you@else.example", options=" RET=HDRS ENVID=my+2Bid")
        report = self.report()
        self.daemon.wait_until_empty()

        self.assertEqual(report["Return-Path"], "<>")
        self.assertEqual(report["To"], ME)
        self.assertTrue(report["From"] and report["Date"] and report["Message-ID"] and report["Subject"])
        self.assertEqual(report["Auto-Submitted"], "auto-replied")
        self.assertEqual(report.get_content_type(), "multipart/report")
        self.assertEqual(report.get_param("report-type"), "delivery-status")
        words, status, original = report.iter_parts()
        self.assertIn("you@else.example", words.get_content())
        self.assertEqual(status.get_content_type(), "message/delivery-status")
        about, recipient = self.fields_of(report)
        self.assertEqual(about["Original-Envelope-Id"], "my+id")
        self.assertEqual(about["Reporting-MTA"], "dns; mx.example.org")
        self.assertEqual(recipient["Final-Recipient"].replace(" ", ""), "rfc822;you@else.example")
        self.assertEqual(recipient["Action"], "failed")
        self.assertEqual(recipient["Status"], "5.1.1")
        self.assertRegex(recipient["Diagnostic-Code"], r"smtp; ?550.*nobody.*of that name")
        self.assertEqual(original.get_content_type(), "text/rfc822-headers")
        self.assertIn("Subject: to you", original.get_content())
        self.assertNotIn("hello", original.get_content())

    def test_a_refusal_at_the_end_of_the_content_is_reported_too(self):
        self.start_with(lambda step, _: "554 5.6.0 not this" if step == "END" else None)
        self.send("one@else.example", "two@else.example", options=" RET=FULL")
        report = self.report()
        _, *recipients = self.fields_of(report)
        self.assertEqual({each["Status"] for each in recipients}, {"5.6.0"})
        self.assertEqual(len(recipients), 2)
        original = list(report.iter_parts())[2]
        self.assertEqual(original.get_content_type(), "message/rfc822")
        self.assertIn("hello", original.as_string())

    def test_words_of_the_smart_host_stay_words(self):
        self.start_with(lambda step, _: "550 5.1.1 \x1b[2J\t--boundary \x07 Bcc: x@y" if step == "RCPT" else None)
        self.send("you@else.example")
        report = self.report()
        self.assertNotIn("\x1b", report.as_string())
        self.assertIsNone(report["Bcc"])
        self.assertNotIn("\x1b", self.daemon.log())

    def test_nobody_is_told_about_mail_without_a_sender(self):
        self.start_with(lambda step, _: "550 5.1.1 nobody" if step == "RCPT" else None)
        self.send("you@else.example", sender="")
        self.expect_gone_in_silence()

    def test_nobody_is_told_who_did_not_want_to_be(self):
        self.start_with(lambda step, _: "550 5.1.1 nobody" if step == "RCPT" else None)
        with conversation.Conversation(self.daemon.port) as client:
            client.greet()
            client.command(f"MAIL FROM:<{ME}>")
            client.command("RCPT TO:<you@else.example> NOTIFY=NEVER")
            client.command("DATA")
            self.assertEqual(client.content(b"hello\r\n"), 250)
        self.expect_gone_in_silence()

    def expect_gone_in_silence(self):
        wait_until(lambda: self.daemon.deliveries("PermFail"), "it fails", explain=self.daemon.log)
        self.daemon.wait_until_empty()
        self.daemon.stop()
        self.assertEqual(maildir(self.home), [])
        self.assertEqual(len(self.sink.mails), 0)

    def test_a_report_that_cannot_be_delivered_is_dropped(self):
        self.start_with(lambda step, _: "550 5.1.1 nobody" if step == "RCPT" else None)
        self.send("you@else.example", sender="me@else.example")
        wait_until(lambda: len(self.daemon.deliveries("PermFail")) == 2, "the report fails", explain=self.daemon.log)
        self.daemon.wait_until_empty()
        self.assertEqual([line for _, line in self.sink.commands if line.startswith("RCPT")],
                         ["RCPT TO:<you@else.example>", "RCPT TO:<me@else.example>"])


class Retries(BounceTest):
    def test_a_transient_refusal_is_tried_again_after_400_seconds(self):
        self.start_with(lambda step, _: "450 4.2.0 later" if step == "RCPT" else None)
        before = time.time()
        self.send("you@else.example")
        row = self.expect_deferred("you@else.example")
        after = time.time()
        pause = row["next_try"] / 1000 - FIRST_PAUSE
        self.assertGreaterEqual(pause, before - 1)
        self.assertLessEqual(pause, after + 1)
        self.assertIn("450", row["last"])
        self.assertEqual(maildir(self.home), [])

        self.daemon.stop()
        self.daemon.make_everything_due()
        self.daemon.start()
        row = self.expect_deferred("you@else.example", tries=2)
        self.sink.answer = lambda step, _: None
        self.daemon.stop()
        self.daemon.make_everything_due()
        self.daemon.start()
        self.daemon.wait_until_empty()
        self.assertEqual(len(self.sink.mails), 1)

    def test_what_is_not_due_is_not_tried_at_a_start(self):
        self.start_with(lambda step, _: "450 4.2.0 later" if step == "RCPT" else None)
        self.send("you@else.example")
        self.expect_deferred("you@else.example")
        self.daemon.stop()
        sessions = self.sink.sessions
        self.daemon.start()
        self.send("other@home.example")
        wait_until(lambda: maildir(self.home), "other mail passes", explain=self.daemon.log)
        self.assertEqual(self.sink.sessions, sessions)

    def test_each_recipient_of_one_transaction_has_its_own_fate(self):
        replies = {"good": None, "later": "450 4.2.0 later", "bad": "550 5.1.1 nobody"}

        def answer(step, argument):
            return replies[re.search(r"<(\w+)", argument).group(1)] if step == "RCPT" else None

        self.start_with(answer)
        self.send("good@else.example", "later@else.example", "bad@else.example")
        report = self.report()
        [recipient] = self.fields_of(report)[1:]
        self.assertIn("bad@else.example", recipient["Final-Recipient"])
        self.expect_deferred("later@else.example")
        wait_until(lambda: len(self.daemon.rows()) == 1, "only that one is kept", explain=self.daemon.log)
        [mail] = self.sink.mails
        self.assertEqual(mail.recipients, ["good@else.example"])
        self.assertEqual(len([line for _, line in self.sink.commands if line.startswith("MAIL")]), 1)

    def test_a_connection_that_breaks_anywhere_defers(self):
        for step in ("CONNECT", "EHLO", "MAIL", "RCPT", "DATA", "END"):
            with self.subTest(step):
                self.setUp()
                self.start_with(lambda now, _, at=step: CLOSE if now == at else None)
                self.send("you@else.example")
                self.expect_deferred("you@else.example")
                self.assertEqual(maildir(self.home), [])
                self.doCleanups()
        self.setUp()

    def test_a_connection_that_breaks_in_the_middle_of_the_content_defers(self):
        self.start_with(lambda step, size: CLOSE if step == "CONTENT" and size > 1_000_000 else None)
        self.send("you@else.example", content=b"Subject: long\r\n\r\n" + b"0123456789\r\n" * 500_000)
        self.expect_deferred("you@else.example")
        self.assertEqual(maildir(self.home), [])

    def test_a_greeting_that_turns_away_defers(self):
        for reply in ("421 4.3.2 not now", "554 5.7.1 not you", "no SMTP at all", "250 hello"):
            with self.subTest(reply):
                self.setUp()
                self.start_with(lambda step, _, said=reply: said if step == "CONNECT" else None)
                self.send("you@else.example")
                self.expect_deferred("you@else.example")
                self.doCleanups()
        self.setUp()

    def test_a_smart_host_that_is_not_there_defers(self):
        self.start_with(lambda step, _: None)
        self.sink.end()
        self.send("you@else.example")
        self.expect_deferred("you@else.example")

    def test_an_endless_reply_is_not_heard_for_ever(self):
        self.start_with(lambda step, _: "\r\n".join(["250-and on"] * 100_000) if step == "EHLO" else None)
        self.send("you@else.example")
        self.expect_deferred("you@else.example")

    def test_a_session_that_was_closed_while_idle_costs_no_try(self):
        self.start_with(lambda step, _: None)
        self.send("one@else.example")
        wait_until(lambda: len(self.sink.mails) == 1, "the first is there")
        # The next mail finds a connection that the smart host closes at its MAIL.
        closed = []
        self.sink.answer = lambda step, _: CLOSE if step == "MAIL" and not closed and not closed.append(1) else None
        self.send("two@else.example")
        wait_until(lambda: len(self.sink.mails) == 2, "the second is there too", explain=self.daemon.log)
        self.assertEqual(self.daemon.deliveries("TempFail"), [])


if __name__ == "__main__":
    unittest.main()

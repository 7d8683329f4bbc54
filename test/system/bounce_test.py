"""What a sender is told of mail that the smart host refuses for good."""
import email
import email.policy
import os
import pwd
import unittest

import conversation
from sink import Sink
from support import SystemTest, maildir, wait_until

CONFIGURATION = """
listen on 127.0.0.1 port 0
action "home" maildir "{home}" virtual {{ "@home.example" = {user} }}
action "out" relay host "smtp://127.0.0.1:{port}"
match for domain home.example action "home"
match for any action "out"
"""
ME = "me@home.example"


class BounceTest(SystemTest):
    def start_with(self, answer, name="daemon", port=None):
        self.sink = self.ending(Sink(answer))
        self.home = self.directory / f"home of {name}"
        user = pwd.getpwuid(os.getuid()).pw_name
        configuration = CONFIGURATION.format(port=port or self.sink.port, home=self.home, user=user)
        self.daemon = self.start(configuration, name=name)

    def send(self, *recipients, sender=ME, content=b"Subject: to you\r\n\r\nhello\r\n", **more):
        self.assertEqual(conversation.send(self.daemon.port, content, sender=sender, recipients=recipients, **more), 250)

    def report(self):
        """The one report in the sender's mailbox."""
        [text] = wait_until(lambda: maildir(self.home), "a report arrives", explain=self.daemon.log)
        return email.message_from_bytes(text, policy=email.policy.default)

    def fields_of(self, report):
        """The fields of a report's second part: of the message, then of each recipient."""
        return [dict(part.items()) for part in list(report.iter_parts())[1].get_payload()]


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


if __name__ == "__main__":
    unittest.main()

"""What a sender is told of mail that the smart host refuses for good."""
import email
import email.policy
import os
import pwd
import unittest

import conversation
import dsn_validator
from sink import Sink
from support import SystemTest, maildir, wait_until

CONFIGURATION = """
{more}
listen on 127.0.0.1 port 0
action "home" maildir "{home}" virtual {{ "@home.example" = {user} }}
action "out" relay host "smtp://127.0.0.1:{port}"
match for domain home.example action "home"
match for any action "out"
"""
ME = "me@home.example"


class BounceTest(SystemTest):
    def start_with(self, answer, name="daemon", port=None, more=""):
        self.sink = self.ending(Sink(answer))
        self.home = self.directory / f"home of {name}"
        user = pwd.getpwuid(os.getuid()).pw_name
        configuration = CONFIGURATION.format(port=port or self.sink.port, home=self.home, user=user, more=more)
        self.daemon = self.start(configuration, name=name)

    def send(self, *recipients, sender=ME, content=b"Subject: to you\r\n\r\nhello\r\n", **more):
        self.assertEqual(conversation.send(self.daemon.port, content, sender=sender, recipients=recipients, **more), 250)

    def send_with(self, mail_options, rcpt_options, recipient="you@else.example", content=b"Subject: to you\r\n\r\nhello\r\n"):
        with conversation.Conversation(self.daemon.port) as client:
            client.greet()
            self.assertEqual(client.command(f"MAIL FROM:<{ME}> {mail_options}"), 250)
            self.assertEqual(client.command(f"RCPT TO:<{recipient}> {rcpt_options}"), 250)
            self.assertEqual(client.command("DATA"), 354)
            self.assertEqual(client.content(content), 250)

    def reports(self):
        texts = maildir(self.home)
        mails = [email.message_from_bytes(text, policy=email.policy.default) for text in texts]
        for mail, text in zip(mails, texts):
            if mail.get_content_type() == "multipart/report":
                self.assertEqual(dsn_validator.faults_of(text), [], text.decode("latin-1"))
        return [each for each in mails if each.get_content_type() == "multipart/report"]

    def report(self):
        """The one report in the sender's mailbox."""
        [report] = wait_until(self.reports, "a report arrives", explain=self.daemon.log)
        return report

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

    def test_the_log_names_the_recipient_as_it_was_given(self):
        """audit 48: `rcpt` is the recipient as the client gave it, also where that is `to`"""
        self.start_with(lambda step, _: "550 5.1.1 nobody" if step == "RCPT" else None)
        self.send("you@else.example")
        [line] = wait_until(lambda: self.daemon.deliveries("PermFail"), "it fails", explain=self.daemon.log)
        self.assertEqual(line["rcpt"], "<you@else.example>")

    def test_mail_that_is_refused_for_its_octets_comes_back(self):
        """audit 24: the report of 8-bit mail is 7-bit, so it gets where the mail could not go"""
        with_8bit = "Subject: grüße\r\nX-Long: ".encode() + b"x" * 1200 + "\r\n\r\nschöne grüße\r\n".encode()
        for number, options in enumerate((" BODY=8BITMIME", " BODY=8BITMIME RET=FULL")):
            with self.subTest(options):
                # The way out has no 8BITMIME, and so has the way back.
                self.start_with(lambda step, _: "250 sink.example" if step == "EHLO" else None, name=str(number))
                self.send("you@else.example", sender="me@else.example", options=options, content=with_8bit)
                [mail] = wait_until(lambda: self.sink.mails, "the report is passed on", explain=self.daemon.log)
                self.assertEqual((mail.sender, mail.recipients), ("", ["me@else.example"]))
                self.assertEqual(dsn_validator.faults_of(mail.content), [])
                report = email.message_from_bytes(mail.content, policy=email.policy.default)
                original = list(report.iter_parts())[2]
                self.assertEqual(original.get_content_type(), "text/rfc822-headers")
                returned = original.get_payload(decode=True)
                self.assertIn("Subject: grüße".encode(), returned)
                self.assertIn(b"X-Long: " + b"x" * 1200, returned)

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
        self.daemon.wait_until_empty()
        self.daemon.stop()
        self.assertTrue(self.daemon.deliveries("PermFail"))
        self.assertNotIn("\x1b", self.daemon.log())

    def test_nobody_is_told_about_mail_without_a_sender(self):
        self.start_with(lambda step, _: "550 5.1.1 nobody" if step == "RCPT" else None)
        self.send("you@else.example", sender="")
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


NO_SUCH_USER = "550 5.1.1 nobody"
LATER = "450 4.2.0 later"
WITH_DSN = "250-sink.example\r\n250-PIPELINING\r\n250 DSN"
LISTS = """
action "lists" expand-only virtual { "list@lists.example" = "one@secret.example, two@secret.example" }
match for domain lists.example action "lists"
"""
COMMANDS = """
table runners { "@run.example" = daemon }
action "run" mda "sh -c 'exit 69'" virtual <runners>
match for domain run.example action "run"
"""
ORCPT = "ORCPT=rfc822;You+2Bthere@else.example"


class Notifications(BounceTest):
    """RFC 3461, from the parameters that a client gives to the report, or to the host that takes them over."""

    def expect_report(self, action):
        report = self.report()
        about, recipient = self.fields_of(report)
        self.assertEqual(report["To"], ME)
        self.assertEqual(about["Original-Envelope-Id"], "QQ+314")
        self.assertEqual(recipient["Original-Recipient"], "rfc822; You+there@else.example")
        self.assertEqual(recipient["Action"], action)
        return recipient, list(report.iter_parts())[2]

    def send_asking(self, notify, ret="RET=HDRS", **more):
        self.send_with(f"{ret} ENVID=QQ+2B314", f"NOTIFY={notify} {ORCPT}", **more)

    def expect_silence(self):
        self.daemon.wait_until_empty()
        self.daemon.stop()
        self.assertEqual(self.reports(), [])

    def test_never(self):
        self.start_with(lambda step, _: NO_SUCH_USER if step == "RCPT" else None)
        self.send_asking("NEVER")
        self.expect_silence()
        self.assertEqual(len(self.daemon.deliveries("PermFail")), 1)

    def test_never_of_a_delivery(self):
        self.start_with(lambda step, _: None)
        self.send_asking("NEVER", recipient="other@home.example")
        self.expect_silence()
        self.assertEqual(len(maildir(self.home)), 1)

    def test_failure(self):
        self.start_with(lambda step, _: NO_SUCH_USER if step == "RCPT" else None)
        self.send_asking("FAILURE")
        recipient, original = self.expect_report("failed")
        self.assertEqual(recipient["Final-Recipient"], "rfc822; you@else.example")
        self.assertEqual(recipient["Status"], "5.1.1")
        self.assertIn("nobody", recipient["Diagnostic-Code"])
        self.assertEqual(original.get_content_type(), "text/rfc822-headers")

    def test_failure_with_the_whole_message(self):
        self.start_with(lambda step, _: NO_SUCH_USER if step == "RCPT" else None)
        self.send_asking("FAILURE", ret="RET=FULL")
        _, original = self.expect_report("failed")
        self.assertEqual(original.get_content_type(), "message/rfc822")
        self.assertIn("hello", original.as_string())

    def test_no_failure_for_whom_wants_success_only(self):
        self.start_with(lambda step, _: NO_SUCH_USER if step == "RCPT" else None)
        self.send_asking("SUCCESS")
        self.expect_silence()

    def test_delay(self):
        self.start_with(lambda step, _: LATER if step == "RCPT" else None, more="bounce warn-interval 1s")
        self.send_asking("DELAY", ret="RET=FULL")
        recipient, original = self.expect_report("delayed")
        self.assertEqual(recipient["Status"], "4.2.0")
        self.assertTrue(recipient["Will-Retry-Until"])
        # RFC 3461 4.3: RET is about failures; a notice of a delay does not return the message.
        self.assertEqual(original.get_content_type(), "text/rfc822-headers")

    def test_no_delay_for_whom_wants_failures_only(self):
        self.start_with(lambda step, _: LATER if step == "RCPT" else None, more="bounce warn-interval 1s")
        self.send_asking("FAILURE")
        wait_until(lambda: self.daemon.rows("SELECT id FROM envelopes WHERE tries = 1"), "it is deferred",
                   explain=self.daemon.log)
        self.daemon.stop()
        self.assertEqual(self.reports(), [])

    def test_success_in_a_mailbox(self):
        self.start_with(lambda step, _: None)
        self.send_asking("SUCCESS,FAILURE", recipient="other@home.example")
        recipient, original = self.expect_report("delivered")
        self.assertEqual(recipient["Final-Recipient"], "rfc822; other@home.example")
        self.assertRegex(recipient["Status"], r"^2\.\d+\.\d+$")
        self.assertEqual(original.get_content_type(), "text/rfc822-headers")
        self.assertIn("Subject: to you", original.get_content())

    def test_success_of_a_list(self):
        """audit 37: a list is reported as expanded, and its members not at all"""
        self.start_with(lambda step, _: WITH_DSN if step == "EHLO" else None, more=LISTS)
        self.send_asking("SUCCESS,FAILURE", recipient="list@lists.example")
        recipient, original = self.expect_report("expanded")
        self.assertEqual(recipient["Final-Recipient"], "rfc822; list@lists.example")
        self.assertRegex(recipient["Status"], r"^2\.\d+\.\d+$")
        wait_until(lambda: len(self.sink.mails) == 1, "its members get it", explain=self.daemon.log)
        self.daemon.wait_until_empty()
        self.daemon.stop()
        [report] = [text for text in maildir(self.home) if b"multipart/report" in text]
        self.assertNotIn(b"secret", report)
        notified = [line for _, line in self.sink.commands if line.startswith("RCPT")]
        self.assertEqual(len(notified), 2)
        for line in notified:
            self.assertIn("NOTIFY=FAILURE", line)

    def test_a_failure_behind_a_list(self):
        """audit 37: a failure names the address that the sender used"""
        self.start_with(lambda step, what: NO_SUCH_USER if step == "RCPT" and "one" in what else None, more=LISTS)
        self.send_with("RET=HDRS", "NOTIFY=SUCCESS,FAILURE", recipient="list@lists.example")
        wait_until(lambda: len(self.reports()) == 2, "both reports arrive", explain=self.daemon.log)
        [failed] = [each for each in self.reports() if each["Subject"] == "Delivery failed"]
        words, *_ = failed.iter_parts()
        self.assertIn("<one@secret.example> (expanded from <list@lists.example>):", words.get_content())
        _, recipient = self.fields_of(failed)
        self.assertEqual(recipient["Original-Recipient"], "rfc822; list@lists.example")
        self.assertEqual(recipient["Final-Recipient"], "rfc822; one@secret.example")

    def test_a_local_failure(self):
        """audit 39: what a command says is x-unix, no SMTP reply"""
        self.start_with(lambda step, _: None, more=COMMANDS)
        self.send_with("RET=HDRS", "NOTIFY=FAILURE", recipient="box@run.example")
        report = self.report()
        _, recipient = self.fields_of(report)
        self.assertRegex(recipient["Diagnostic-Code"], r"^x-unix; 5\d\d ")
        self.assertNotIn("Remote-MTA", recipient)

    def test_success_at_a_host_without_dsn(self):
        self.start_with(lambda step, _: None)
        self.send_asking("SUCCESS")
        recipient, _ = self.expect_report("relayed")
        self.assertEqual(recipient["Final-Recipient"], "rfc822; you@else.example")
        self.assertRegex(recipient["Status"], r"^2\.\d+\.\d+$")
        self.assertTrue(recipient["Remote-MTA"].startswith("dns; "))
        for _, line in self.sink.commands:
            self.assertNotRegex(line, "NOTIFY|ORCPT|ENVID|RET=")

    def test_a_host_with_dsn_gets_everything_and_reports_itself(self):
        for number, notify in enumerate(["NEVER", "FAILURE", "SUCCESS,FAILURE,DELAY"]):
            with self.subTest(notify):
                self.start_with(lambda step, _: WITH_DSN if step == "EHLO" else None, name=str(number))
                self.send_asking(notify, ret="RET=FULL")
                wait_until(lambda: self.sink.mails, "it is there", explain=self.daemon.log)
                lines = [line for _, line in self.sink.commands]
                [sender] = [set(each.split()[2:]) for each in lines if each.startswith("MAIL")]
                [recipient] = [each.split() for each in lines if each.startswith("RCPT")]
                self.assertLessEqual({"RET=FULL", "ENVID=QQ+2B314"}, sender)
                self.assertEqual(set(recipient[2:]) - {ORCPT}, {f"NOTIFY={notify}"})
                self.assertIn(ORCPT, recipient)
                self.expect_silence()

    def test_what_was_asked_for_survives_a_restart(self):
        self.start_with(lambda step, _: LATER if step == "RCPT" else None)
        self.send_asking("SUCCESS,FAILURE")
        wait_until(lambda: self.daemon.rows("SELECT id FROM envelopes WHERE tries = 1"), "it is deferred",
                   explain=self.daemon.log)
        self.daemon.stop()
        self.daemon.make_everything_due()
        self.sink.answer = lambda step, _: None
        self.daemon.start()
        self.expect_report("relayed")

    def test_nobody_is_told_of_a_report(self):
        self.start_with(lambda step, _: None)
        with conversation.Conversation(self.daemon.port) as client:
            client.greet().command("MAIL FROM:<>")
            client.command("RCPT TO:<you@else.example> NOTIFY=SUCCESS")
            client.command("DATA")
            self.assertEqual(client.content(b"hello\r\n"), 250)
        self.expect_silence()
        self.assertEqual(len(self.sink.mails), 1)


if __name__ == "__main__":
    unittest.main()

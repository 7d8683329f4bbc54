"""Reports of every kind get through other people's mail servers, and to a host that knows no extension at all."""
import email
import email.policy
import unittest

import conversation
import dsn_validator
import peers
from sink import Sink
from support import SystemTest, wait_until

CONFIGURATION = """
bounce warn-interval 1s
listen on 127.0.0.1 port 0
action "refusing" relay host "smtp://127.0.0.1:{refusing}"
action "back" relay host "smtp://127.0.0.1:{back}"
match for domain home.example action "back"
match for any action "refusing"
"""
ME = "me@home.example"
SEVEN_BIT = b"Subject: hello\r\nFrom: <me@home.example>\r\n\r\nbody\r\n.\r\n"
EIGHT_BIT = "Subject: grüße\r\nFrom: <me@home.example>\r\n\r\nschöne grüße\r\n".encode()
LONG_LINE = b"Subject: " + b"x" * 2000 + b"\r\nFrom: <me@home.example>\r\n\r\n" + b"y" * 2000 + b"\r\n"

# What is sent: content, options of MAIL, recipient, options of RCPT, and what is reported.
CASES = [
    (SEVEN_BIT, "RET=HDRS", "no@else.example", "", "failed"),
    (SEVEN_BIT, "RET=FULL ENVID=a+2Bb", "no@else.example", "ORCPT=rfc822;No+2Bbody@else.example", "failed"),
    (EIGHT_BIT, "RET=HDRS BODY=8BITMIME", "no@else.example", "", "failed"),
    (EIGHT_BIT, "RET=FULL BODY=8BITMIME", "no@else.example", "", "failed"),
    (LONG_LINE, "RET=HDRS", "no@else.example", "", "failed"),
    (LONG_LINE, "RET=FULL", "no@else.example", "", "failed"),
    (SEVEN_BIT, "RET=FULL", "later@else.example", "", "delayed"),
    (SEVEN_BIT, "RET=FULL", "yes@else.example", "NOTIFY=SUCCESS", "relayed"),
]


def refuses(step, argument):
    if step == "RCPT" and "no@" in argument:
        return "550-5.1.1 nobody of that name,\r\n550 5.1.1 and grüße".encode().decode("latin-1")
    return "450 4.2.0 later" if step == "RCPT" and "later@" in argument else None


class ReportsPass(SystemTest):
    def send(self, content, mail_options, recipient, rcpt_options):
        with conversation.Conversation(self.daemon.port) as client:
            client.greet()
            self.assertEqual(client.command(f"MAIL FROM:<{ME}> {mail_options}"), 250)
            self.assertEqual(client.command(f"RCPT TO:<{recipient}> {rcpt_options}"), 250)
            self.assertEqual(client.command("DATA"), 354)
            self.assertEqual(client.content(content), 250)

    def expect_all_through(self, back, arrived, explain=lambda: ""):
        """`back` is the port to which reports go, `arrived` gives the contents of those that came through."""
        refusing = self.ending(Sink(refuses))
        self.daemon = self.start(CONFIGURATION.format(refusing=refusing.port, back=back))
        for case in CASES:
            self.send(*case[:-1])
        told = lambda: self.daemon.log() + explain()  # noqa: E731
        wait_until(lambda: len(arrived()) >= len(CASES), "all reports are through", 60, told)
        actions = []
        for content in arrived():
            self.assertEqual(dsn_validator.faults_of(content), [], content.decode("latin-1"))
            report = email.message_from_bytes(content, policy=email.policy.default)
            self.assertEqual(report["To"], ME)
            actions += [part["Action"] for part in list(report.iter_parts())[1].get_payload()[1:]]
        self.assertEqual(sorted(actions), sorted(case[-1] for case in CASES))

    def passed_on(self, sink):
        for mail in sink.mails:
            self.assertEqual((mail.sender, mail.recipients), ("", [ME]))
        return [mail.content for mail in sink.mails]

    def test_through_postfix(self):
        """audit 24: reports pass a Postfix that refuses whatever is not as RFC 2045 and RFC 5322 have it"""
        sink = self.ending(Sink())
        strict = ("strict_rfc821_envelopes = yes\nstrict_mime_encoding_domain = yes\nstrict_8bitmime = yes\n"
                  "strict_7bit_headers = yes\nstrict_8bitmime_body = yes\n")
        self.expect_all_through(peers.postfix(self, sink.port, strict), lambda: self.passed_on(sink))

    def test_through_exim(self):
        """audit 24: reports pass an Exim that refuses 8-bit octets, long lines and header sections with faults"""
        sink = self.ending(Sink())
        checks = ("  deny message = long line\n    condition = ${if >{$max_received_linelength}{998}}\n"
                  "  deny message = header syntax\n    !verify = header_syntax\n"
                  "  deny message = header names\n    !verify = header_names_ascii\n"
                  "  deny message = 8-bit\n    condition = ${if match{$message_body$message_headers}{[^\\\\x00-\\\\x7f]}}\n")
        self.expect_all_through(peers.exim(self, sink.port, checks), lambda: self.passed_on(sink),
                                lambda: peers.exim_log(self))

    def test_to_a_host_without_any_extension(self):
        """audit 24: reports get to a host that knows HELO and 7 bits only"""
        def plain(step, argument):
            if step == "EHLO":
                return "502 what?"
            if step in ("MAIL", "RCPT") and not argument.endswith(">"):
                return "501 no parameters here"
            if step == "END" and (not argument.content.isascii() or max(map(len, argument.content.split(b"\n"))) > 999):
                return "554 seven bits, and lines of 998 octets"
            return None
        sink = self.ending(Sink(plain))
        self.expect_all_through(sink.port, lambda: self.passed_on(sink))


if __name__ == "__main__":
    unittest.main()

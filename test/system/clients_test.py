"""A zoo of clients: each sends text, 8-bit text, an attachment of 5 MB and mail for 50 recipients, in clear and with STARTTLS
and AUTH, and what reaches the next hop is what was sent."""
import email
import email.policy
import itertools
import os
import random
import re
import shutil
import unittest

from clients import CLIENTS, PASSWORD, SECURE, USER, Mail, Route
from peers import open_to_all
from sink import Sink
from smart_host import Authority
from support import SystemTest, wait_until, waypost

SENDER = "sender@client.example"

CONFIGURATION = """
pki "localhost" cert "{certificate}" key "{key}"
table users {{ {user} = "{user}:{hash}" }}
listen on 127.0.0.1 port 0
listen on 127.0.0.1 port 0 tls-require pki "localhost" auth <users>
action "out" relay host "smtp+notls://127.0.0.1:{port}"
match from local for any action "out"
match auth from any for any action "out"
"""

# Lines that begin with dots, one of a dot alone, long ones, empty ones at the end: where clients differ.
BODY = ("A line.\n.\n..\n.dot\n\n" + "x" * 900 + "\n\tindented, and a blank at the end \nFrom the start of a line\n"
        "=20 is no code\n\nthe end\n\n")
EIGHT_BIT = "Füße, 日本語, «кавычки»\n.\n" + "ä" * 400 + "\nthe end\n"


def header(subject, recipients, *more):
    to = ",\n ".join(recipients)
    return "\n".join([f"From: {SENDER}", f"To: {to}", f"Subject: {subject}", "MIME-Version: 1.0", *more]) + "\n\n"


def text(subject, recipients):
    return header(subject, recipients, "Content-Type: text/plain; charset=us-ascii", "Content-Transfer-Encoding: 7bit"
                  ).encode() + BODY.encode()


def eight_bit_text(subject, recipients):
    return header(subject, recipients, "Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: 8bit"
                  ).encode() + EIGHT_BIT.encode()


def attachment(subject, recipients):
    message = email.message.EmailMessage(policy=email.policy.SMTP.clone(linesep="\n"))
    message["From"], message["To"], message["Subject"] = SENDER, ", ".join(recipients), subject
    message.set_content("See the file.\n")
    message.add_attachment(random.Random(5).randbytes(5_000_000), maintype="application", subtype="octet-stream",
                           filename="five.bin")
    return message.as_bytes()


MANY = [f"reader{number}@else.example" for number in range(50)]
PAYLOADS = {
    "text": (text, ["reader@else.example"]),
    "8-bit text": (eight_bit_text, ["reader@else.example"]),
    "an attachment of 5 MB": (attachment, ["reader@else.example"]),
    "50 recipients": (text, MANY),
}


def unix(data):
    return data.replace(b"\r\n", b"\n")


def leaves(message):
    """What each part holds, decoded; empty lines at the very end are the client's to keep or to drop."""
    return [unix(part.get_payload(decode=True)).rstrip(b"\n") for part in message.walk() if not part.is_multipart()]


class Zoo(SystemTest):
    def setUp(self):
        super().setUp()
        open_to_all(self.directory)
        self.sink = self.ending(Sink())
        self.authority = Authority(self.directory)
        self.daemon = self.start(CONFIGURATION.format(
            certificate=self.authority.certificate, key=self.authority.key, user=USER, port=self.sink.port,
            hash=waypost("encrypt", PASSWORD).stdout.strip()))
        self.numbers = itertools.count()

    def route(self, client, way):
        folder = self.directory / f"client{next(self.numbers)}"
        folder.mkdir()
        port = self.daemon.ports[1] if way == SECURE else self.daemon.ports[0]
        return Route(port, way, self.authority.file, folder, self.daemon.socket)

    def arrived(self, subject, recipients):
        """The mails of that subject, once all recipients have theirs."""
        def complete():
            mails = [each for each in self.sink.mails if each.field("Subject") == subject]
            return mails if sum(len(each.recipients) for each in mails) >= len(recipients) else None
        return wait_until(complete, f"'{subject}' has arrived", 60, self.daemon.log)

    def exchange(self, client, way, make, recipients):
        subject = f"animal {next(self.numbers)}"
        sent = make(subject, recipients)
        if not client.stuffs_behind_lf:
            sent = re.sub(rb"(?m)^\.+(?=[^\n])", b"", sent)
        route = self.route(client, way)
        client.send(route, Mail(SENDER, list(recipients), sent))
        mails = self.arrived(subject, recipients)
        self.assertEqual(sorted(each for mail in mails for each in mail.recipients), sorted(recipients))
        for mail in mails:
            self.assertEqual(mail.sender, SENDER)
            self.assertFalse(re.search(rb"(?<!\r)\n|\r(?!\n)|\0", mail.content), "bare line ends or NUL left the house")
            self.expect_content(client, mail.content, sent)
        shutil.rmtree(route.directory, ignore_errors=True)

    def expect_content(self, client, content, sent):
        if client.arrives == "attached":
            body = sent.partition(b"\n\n")[2].rstrip(b"\n")
            self.assertIn(body, leaves(email.message_from_bytes(content)))
        else:
            self.assertEqual(leaves(email.message_from_bytes(content)), leaves(email.message_from_bytes(sent)))


def add_tests():
    for client in CLIENTS:
        def test(self, client=client):
            if client.needs_root and os.geteuid() != 0:
                self.skipTest("starts only as root")
            for way in client.ways:
                for payload, (make, recipients) in PAYLOADS.items():
                    with self.subTest(client=client.name, way=way, payload=payload):
                        self.exchange(client, way, make, recipients)
            self.daemon.stop()
        name = re.sub(r"\W+", "_", client.name).strip("_").lower()
        setattr(Zoo, f"test_{name}", test)


add_tests()

if __name__ == "__main__":
    unittest.main()

"""Conversations with the daemon: those of test/dialogs, and OpenSMTPD's own in test/data/smtpscript."""
import re
import unittest

from conversation import Conversation
from sink import Sink
from support import HERE, TEST_DATA, SystemTest, waypost

CONFIGURATION = """
table logins {{ me = "me:{hash}" }}
listen on 127.0.0.1 port 0
listen on 127.0.0.1 port 0 tls
listen on 127.0.0.1 port 0 tls auth-optional <logins>
listen on 127.0.0.1 port 0 bare-lf refuse
action "out" relay host "smtp://127.0.0.1:{port}"
match from any for domain localhost action "out"
"""
PLAIN, TLS, TLS_AUTH, REFUSES_BARE_LF = range(4)


class DialogTest(SystemTest):
    def setUp(self):
        super().setUp()
        self.sink = self.ending(Sink())
        hashed = waypost("encrypt", stdin="secret\n").stdout.strip()
        self.daemon = self.start(CONFIGURATION.format(hash=hashed, port=self.sink.port))

    def tearDown(self):
        # Whatever was said, the daemon is well and has promised nothing that it does not keep.
        self.daemon.wait_until_empty()
        self.daemon.stop()
        self.assertEqual(self.daemon.events("smtp", "bug"), [])


def unescape(text):
    """\\r \\n \\0 \\\\ and \\xNN are bytes."""
    named = {"r": b"\r", "n": b"\n", "0": b"\0", "\\": b"\\"}
    parts = re.split(r"\\(x[0-9a-fA-F]{2}|.)", text)
    return b"".join(
        part.encode() if index % 2 == 0 else named.get(part) or bytes.fromhex(part[1:]) for index, part in enumerate(parts))


class Dialog:
    """One file of test/dialogs; its README.md has the notation."""

    def __init__(self, test, lines, ports):
        self.test = test
        needs = next((line for line in lines if line.startswith("needs:")), "")
        listener = (REFUSES_BARE_LF if "bare-lf refuse" in needs else TLS_AUTH if "auth" in needs
                    else TLS if "tls" in needs else PLAIN)
        self.lines = lines
        self.client = Conversation(ports[listener])
        self.to_send = b""
        self.said = None
        self.closed = False

    def run(self):
        with self.client:
            for number, line in enumerate(self.lines, 1):
                try:
                    self.perform(line)
                except (AssertionError, EOFError, OSError) as error:
                    raise AssertionError(f"line {number}: {line}\n{error}") from error
            self.flush()
            if not self.closed:
                self.test.assertEqual(self.client.command("QUIT"), 221, "a reply was left over")

    def perform(self, line):
        if line.startswith("C:"):
            text = line[3:]
            whole = not text.endswith("\\") or text.endswith("\\\\")
            self.to_send += unescape(text) + b"\r\n" if whole else unescape(text[:-1])
        elif line == "TLS":
            self.flush()
            self.client.start_tls()
        elif line == "S: closed":
            self.flush()
            self.closed = True
            self.test.assertTrue(self.client.is_closed())
        elif line.startswith("S: "):
            self.flush()
            self.expect(line[3:])

    def flush(self):
        if self.to_send:
            self.client.send(self.to_send)
            self.to_send = b""

    def expect(self, wanted):
        code, texts = self.said = self.said or self.client.reply()
        self.test.assertTrue(re.fullmatch(wanted[:3].replace("x", "."), str(code)), self.said)
        self.test.assertTrue(any(text.startswith(wanted[4:]) for text in texts), self.said)
        if wanted[3:4] != "-":
            self.said = None


class Dialogs(DialogTest):
    def test_each_conversation_goes_as_it_is_written(self):
        files = sorted((HERE.parent / "dialogs").glob("*.txt"))
        self.assertGreater(len(files), 30)
        for file in files:
            with self.subTest(file.name):
                Dialog(self, file.read_text().splitlines(), self.daemon.ports).run()


class Script:
    """A test-case of the smtpscript notation; SOURCE.txt beside the files explains it."""

    CODES = {"ok": range(200, 400), "helo": [250], "tempfail": range(400, 500), "permfail": range(500, 600)}

    def __init__(self, test, text, port):
        self.test = test
        self.lines = [line.strip() for line in text.splitlines()]
        self.port = port

    def run(self):
        with Conversation(self.port) as client:
            for line in filter(None, self.lines):
                self.perform(client, line)

    def perform(self, client, line):
        repeat = re.match(r"repeat (\d+) (.*)", line)
        if repeat:
            for _ in range(int(repeat.group(1))):
                self.perform(client, repeat.group(2))
        elif line.startswith("writeln"):
            client.send(re.fullmatch(r'writeln "(.*)"', line).group(1).encode() + b"\r\n")
        elif line == "starttls":
            client.start_tls()
        elif line == "expect disconnect":
            self.test.assertTrue(client.is_closed(), line)
        else:
            kind = re.fullmatch(r"expect smtp ?(\w*)", line).group(1)
            self.test.assertIn(client.reply()[0], self.CODES.get(kind, range(200, 600)), line)


class SmtpScript(DialogTest):
    def test_opensmtpds_own_cases_pass(self):
        count = 0
        for file in sorted((TEST_DATA / "smtpscript").glob("test.*")):
            text = re.sub(r"(?m)^#.*$", "", file.read_text())
            for case in re.findall(r"test-case[^{]*\{(.*?)\n\}", text, re.DOTALL):
                count += 1
                with self.subTest(file.name, number=count):
                    Script(self, case, self.daemon.ports[TLS]).run()
        self.assertEqual(count, 27)


if __name__ == "__main__":
    unittest.main()

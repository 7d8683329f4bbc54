"""The control socket of the real daemon: who may connect, and what clients that talk nonsense get."""
import contextlib
import json
import smtplib
import socket
import stat
import unittest

from sink import Sink
from support import SystemTest, wait_until, waypost

MOST_CLIENTS = 32
LONGEST_REQUEST = 64 * 1024
SHOW_HOSTS = b'{"version": 1, "command": "show hosts"}\n'


class ControlTest(SystemTest):
    def setUp(self):
        super().setUp()
        self.sink = self.ending(Sink())
        self.daemon = self.start(f"""
            listen on 127.0.0.1 port 0
            action "out" relay host "smtp://127.0.0.1:{self.sink.port}"
            match from any for any action "out"
            """)
        self.path = self.daemon.queue / "control.sock"

    def connect(self):
        client = socket.socket(socket.AF_UNIX)
        self.addCleanup(client.close)
        client.settimeout(20)
        client.connect(str(self.path))
        return client

    def line(self, client):
        """What the daemon says next; empty when it has closed."""
        said = b""
        with contextlib.suppress(ConnectionResetError):
            while not said.endswith(b"\n") and (piece := client.recv(65536)):
                said += piece
        return said

    def ask(self, data):
        client = self.connect()
        client.sendall(data)
        return json.loads(self.line(client))

    def error(self, data):
        answer = self.ask(data)
        self.assertEqual((set(answer), answer["version"]), ({"version", "error"}, 1))
        return answer["error"]

    def mail_goes_on(self):
        before = len(self.sink.mails)
        with smtplib.SMTP("127.0.0.1", self.daemon.port, timeout=20) as client:
            client.sendmail("ada@example.net", "bob@example.org", "Subject: x\r\n\r\nbody\r\n")
        wait_until(lambda: len(self.sink.mails) > before, "the mail is there", explain=self.daemon.log)

    def tearDown(self):
        """Whatever a client did, the daemon answers the next one, carries mail, and ends in order, without an error logged."""
        if self.daemon.process.poll() is None:
            self.assertIn("result", self.ask(SHOW_HOSTS))
            self.mail_goes_on()
            self.daemon.stop()

    def test_only_its_own_user_may_connect(self):
        self.assertEqual(stat.S_IMODE(self.path.stat().st_mode), 0o600)

    def test_each_kind_of_nonsense_is_told_what_is_wrong_with_it(self):
        for data, why in [
                (b"\n", "not a request of version 1"),
                (b"EHLO there\r\n", "not a request of version 1"),
                (b"\xff\x00\xfe\n", "not a request of version 1"),
                (b"null\n", "not a request of version 1"),
                (b"[" * 60000 + b"\n", "not a request of version 1"),
                (b'{"command": "show hosts"}\n', "not a request of version 1"),
                (b'{"version": 2, "command": "show hosts"}\n', "not a request of version 1"),
                (b'{"version": "1", "command": "show hosts"}\n', "not a request of version 1"),
                (b'{"version": 1}\n', "a request names its command"),
                (b'{"version": 1, "command": 7}\n', "a request names its command"),
                (b'{"version": 1, "command": "show hosts", "arguments": []}\n', "arguments are an object"),
                (b'{"version": 1, "command": "no such"}\n', 'there is no command "no such"'),
                (b'{"version": 1, "command": "resume route"}\n', ""),
                (b'{"version": 1, "command": "resume route", "arguments": {"id": "x"}}\n', ""),
                (b'{"version": 1, "command": "resume route", "arguments": {"id": 4711}}\n', "4711")]:
            with self.subTest(data[:70]):
                self.assertIn(why, self.error(data))

    def test_control_bytes_in_a_command_come_back_escaped(self):
        self.assertNotRegex(self.error(b'{"version": 1, "command": "a\\u001b[31m\\r\\nb"}\n'), "[\x00-\x1f\x7f]")

    def test_a_line_without_an_end_is_refused_and_its_client_let_go(self):
        client = self.connect()
        client.sendall(b"x" * (LONGEST_REQUEST + 1))
        self.assertIn("too long", json.loads(self.line(client))["error"])
        self.assertEqual(self.line(client), b"")

    def test_half_a_request_gets_no_answer(self):
        client = self.connect()
        client.sendall(SHOW_HOSTS[:-1])
        client.shutdown(socket.SHUT_WR)
        self.assertEqual(self.line(client), b"")

    def test_a_request_may_come_byte_by_byte_and_another_behind_it(self):
        client = self.connect()
        for i in range(len(SHOW_HOSTS)):
            client.sendall(SHOW_HOSTS[i:i + 1])
        self.assertIn("result", json.loads(self.line(client)))
        client.sendall(SHOW_HOSTS + b"nonsense\n")
        lines = client.makefile("rb")
        self.assertIn("result", json.loads(lines.readline()))
        self.assertIn("error", json.loads(lines.readline()))

    def test_those_who_are_too_many_are_let_go_and_the_others_served(self):
        # In a row, so that the first ones have their places before the last ones come.
        crowd = [self.connect() for _ in range(50)]
        for client in crowd:
            with contextlib.suppress(BrokenPipeError):
                client.sendall(SHOW_HOSTS)
        answers = [self.line(client) for client in crowd]
        self.assertEqual(answers[MOST_CLIENTS:], [b""] * (50 - MOST_CLIENTS))
        for said in answers[:MOST_CLIENTS]:
            self.assertIn("result", json.loads(said))
        self.mail_goes_on()  # while they stay
        for client in crowd:
            client.close()
        wait_until(self.there_is_a_place, "there is a place again", explain=self.daemon.log)

    def there_is_a_place(self):
        client = self.connect()
        with contextlib.suppress(BrokenPipeError):
            client.sendall(SHOW_HOSTS)
        return self.line(client)

    def test_a_client_that_leaves_before_its_answer_disturbs_nobody(self):
        for _ in range(20):
            client = self.connect()
            client.sendall(SHOW_HOSTS * 100)
            client.close()
        wait_until(self.there_is_a_place, "there is a place", explain=self.daemon.log)

    def test_the_command_line_tells_a_daemon_that_is_down_from_one_that_refuses(self):
        refused = waypost("resume", "route", "4711", "-f", self.daemon.configuration)
        self.assertEqual(refused.returncode, 1, refused.stderr)
        self.assertIn("4711", refused.stderr)
        self.daemon.stop()
        for what in ("routes", "relays", "hosts"):
            down = waypost("show", what, "-f", self.daemon.configuration)
            self.assertEqual((down.returncode, down.stdout), (69, ""), down.stderr)
            self.assertIn("no daemon", down.stderr)

    def test_a_socket_that_a_killed_daemon_left_does_not_stop_the_next_one(self):
        self.daemon.kill()
        self.assertTrue(self.path.exists())
        self.assertEqual(waypost("show", "hosts", "-f", self.daemon.configuration).returncode, 69)
        self.daemon.start()


if __name__ == "__main__":
    unittest.main()

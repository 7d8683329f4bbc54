"""An SMTP client that says exactly what it is told to."""
import re
import socket
import ssl


class Conversation:
    def __init__(self, port, timeout=20):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.pending = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def start_tls(self):
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        self.socket = context.wrap_socket(self.socket)

    def _line(self):
        while b"\r\n" not in self.pending:
            more = self.socket.recv(65536)
            if not more:
                raise EOFError(f"the server hung up; left over: {self.pending!r}")
            self.pending += more
        line, _, self.pending = self.pending.partition(b"\r\n")
        return line.decode("latin-1")

    def reply(self):
        """(code, texts)"""
        texts = []
        while True:
            line = self._line()
            assert re.match(r"\d{3}([ -]|$)", line), line
            texts.append(line[4:])
            if line[3:4] != "-":
                return int(line[:3]), texts

    def replies(self, count):
        return [self.reply()[0] for _ in range(count)]

    def is_closed(self):
        """Waits for the server to hang up; False if it says something first."""
        try:
            return not self.pending and not self.socket.recv(1)
        except (ConnectionError, ssl.SSLError):
            return True

    def command(self, line):
        self.send(line.encode("latin-1") + b"\r\n")
        return self.reply()[0]

    def greet(self):
        assert self.reply()[0] == 220
        assert self.command("EHLO client.example") == 250
        return self

    def envelope(self, sender="sender@client.example", recipients=("someone@else.example",), options=""):
        assert self.command(f"MAIL FROM:<{sender}>{options}") == 250
        for recipient in recipients:
            assert self.command(f"RCPT TO:<{recipient}>") == 250
        assert self.command("DATA") == 354

    def content(self, data):
        """Content with CRLF line ends, dots stuffed and ended here; answers with the code."""
        self.send(re.sub(rb"(\A|\r\n)\.", rb"\1..", data) + b".\r\n")
        return self.reply()[0]


def send(port, content, **envelope):
    """One mail in a session of its own; the code of the reply to its content."""
    with Conversation(port, timeout=60) as client:
        client.greet().envelope(**envelope)
        code = client.content(content)
        client.command("QUIT")
        return code

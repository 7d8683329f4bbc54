"""A fast SMTP server that takes everything, or does what a test tells it to."""
import asyncio
import dataclasses
import re

from support import ServerThread

CLOSE = object()  # hangs up without a word
SILENCE = object()  # says nothing, for ever


@dataclasses.dataclass
class Mail:
    sender: str
    recipients: list
    content: bytes
    session: int

    def field(self, name):
        found = re.search(rb"(?im)^%s:[ \t]*(.*?)\r?$" % name.encode(), self.content)
        return found.group(1).decode() if found else None

    def without_trace(self):
        """The content behind the Received field that the daemon puts in front."""
        found = re.match(rb"Received: [^;]*;\s+\w{3}, \d+ \w{3} \d{4} [\d:]+ [+-]\d{4}\r\n", self.content)
        return self.content[found.end():] if found else None


class Sink(ServerThread):
    """`answer(step, argument)` may give another reply: a text, CLOSE, SILENCE, or None for the usual one. Steps are CONNECT,
    the commands, CONTENT for each piece of the content, where only CLOSE counts, and END for its end. A host with a reply to
    BDAT gives it before the content and reads no more."""

    def __init__(self, answer=lambda step, argument: None, keep=True, at=("127.0.0.1", 0)):
        self.answer = answer
        self.keep = keep
        self.mails = []
        self.sessions = 0
        self.open_sessions = 0
        self.commands = []  # (session, line)
        self.on_mail = lambda mail: None
        super().__init__(lambda: Session(self), at=at)


class Session(asyncio.Protocol):
    usual = {
        "CONNECT": "220 sink.example ESMTP",
        "EHLO": "250-sink.example\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-ENHANCEDSTATUSCODES\r\n250 SIZE",
        "DATA": "354 go on",
        "END": "250 2.0.0 taken",
        "QUIT": "221 2.0.0 bye",
    }

    def __init__(self, sink):
        self.sink = sink
        self.buffer = bytearray()
        self.content = False
        self.chunk = None  # octets of the BDAT that is coming
        self.mail = None

    def connection_made(self, transport):
        self.transport = transport
        self.sink.sessions += 1
        self.sink.open_sessions += 1
        self.number = self.sink.sessions
        self.say("CONNECT", "")

    def connection_lost(self, _):
        self.sink.open_sessions -= 1

    def data_received(self, data):
        self.buffer += data
        searched = len(self.buffer) - len(data)
        if self.content and self.sink.answer("CONTENT", len(self.buffer)) is CLOSE:
            self.transport.abort()
        while not self.transport.is_closing() and self.step(searched):
            searched = 0

    def step(self, searched):
        if self.content:
            return self.end_of_content(searched)
        return self.command() if self.chunk is None else self.end_of_chunk()

    def say(self, step, argument):
        """Whether it was good news."""
        reply = self.sink.answer(step, argument)
        if reply is None and step == "DATA" and not (self.mail and self.mail.recipients):
            reply = "554 5.5.1 for nobody"
        if reply is None:
            reply = self.usual.get(step, "250 2.0.0 ok")
        if reply is CLOSE:
            self.transport.abort()
        elif reply is not SILENCE:
            self.transport.write(reply.encode() + b"\r\n")
            return reply[0] in "23"
        return False

    def command(self):
        line, end, rest = self.buffer.partition(b"\r\n")
        if not end:
            return False
        self.buffer = rest
        text = line.decode("latin-1")
        if self.sink.keep:
            self.sink.commands.append((self.number, text))
        verb = text.partition(" ")[0].upper()
        if verb == "BDAT":
            self.chunk = int(text.split()[1])
            if self.sink.answer(verb, text) is None:
                return True
            self.say(verb, text)
            return False
        good = self.say(verb, text)
        path = re.search(r"<(.*?)>", text)
        if verb == "MAIL" and good:
            self.mail = Mail(path.group(1), [], b"", self.number)
        elif verb == "RCPT" and good and self.mail:
            self.mail.recipients.append(path.group(1))
        elif verb == "DATA" and good:
            self.content = True
            self.buffer[:0] = b"\r\n"  # so that a dot in the first line is found like any other
        elif verb == "QUIT":
            self.transport.close()
        return True

    def end_of_chunk(self):
        """RFC 3030, of one chunk a mail. The answer is that of END."""
        if len(self.buffer) < self.chunk:
            return False
        content = bytes(self.buffer[:self.chunk])
        del self.buffer[:self.chunk]
        self.chunk = None
        if self.mail and self.mail.recipients:
            self.mail.content = content
            self.end_of_mail()
        else:
            self.transport.write(b"503 5.5.1 for nobody\r\n")
        return True

    def end_of_content(self, searched):
        end = self.buffer.find(b"\r\n.\r\n", max(0, searched - 4))
        if end < 0:
            return False
        self.mail.content = re.sub(rb"\r\n\.", b"\r\n", bytes(self.buffer[:end + 2]))[2:]
        del self.buffer[:end + 5]
        self.content = False
        self.end_of_mail()
        return True

    def end_of_mail(self):
        self.sink.on_mail(self.mail)
        if self.say("END", self.mail) and self.sink.keep:
            self.sink.mails.append(self.mail)
        self.mail = None

"""A smart host as providers have it: TLS with a certificate of a test authority, and AUTH."""
import dataclasses
import logging
import ssl
import subprocess
import warnings

from aiosmtpd.smtp import SMTP, AuthResult

from support import ServerThread

logging.getLogger("mail.log").setLevel(logging.CRITICAL)


class Authority:
    """A certificate authority and the certificate that it made for the smart host."""

    def __init__(self, directory, name="ca", names="DNS:localhost,IP:127.0.0.1"):
        self.file = directory / f"{name}.crt"
        self.certificate = directory / f"{name}-localhost.crt"
        self.key = directory / f"{name}-localhost.key"
        ca_key = directory / f"{name}.key"
        self._openssl("-keyout", ca_key, "-out", self.file, "-subj", f"/CN=Test {name}")
        self._openssl("-CA", self.file, "-CAkey", ca_key, "-keyout", self.key, "-out", self.certificate,
                      "-subj", "/CN=smart host", "-addext", f"subjectAltName={names}",
                      "-addext", "basicConstraints=critical,CA:FALSE")

    @staticmethod
    def _openssl(*arguments):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-days", "2", *arguments], check=True, capture_output=True, timeout=30)

    def context(self):
        made = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        made.load_cert_chain(self.certificate, self.key)
        return made


@dataclasses.dataclass
class Mail:
    login: str
    connection: tuple
    encrypted: bool
    sender: str
    recipients: list
    content: bytes


class SmartHost(ServerThread):
    """Takes mail of `users` (name to password, or to several), after STARTTLS or over TLS from the first byte."""

    def __init__(self, authority, users, implicit_tls=False, offers_auth=True):
        self.users = users
        self.mails = []
        self.attempts = []  # (name, password)
        context = authority.context()
        tls = {} if implicit_tls else {"tls_context": context, "require_starttls": True}

        def protocol():
            with warnings.catch_warnings():
                # aiosmtpd does not count TLS from the first byte as TLS, and warns of AUTH without it.
                warnings.simplefilter("ignore", UserWarning)
                return SMTP(self, hostname="smart.example", loop=self.loop, authenticator=self.authenticate,
                            auth_required=True, auth_require_tls=not implicit_tls,
                            auth_exclude_mechanism=None if offers_auth else ["PLAIN", "LOGIN"], **tls)

        super().__init__(protocol, tls=context if implicit_tls else None)

    def authenticate(self, server, session, envelope, mechanism, data):
        name, password = data.login.decode(), data.password.decode()
        self.attempts.append((name, password))
        known = self.users.get(name)
        right = password in known if isinstance(known, tuple) else password == known
        return AuthResult(success=right, handled=False, auth_data=name)

    async def handle_DATA(self, server, session, envelope):
        encrypted = server.transport.get_extra_info("ssl_object") is not None
        self.mails.append(Mail(session.auth_data, session.peer, encrypted, envelope.mail_from,
                               list(envelope.rcpt_tos), envelope.content))
        return "250 2.0.0 taken"

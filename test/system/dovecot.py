"""A Dovecot of a test's own: LMTP at a port and at a Unix socket, IMAP at a port, mailboxes in its directory."""
import imaplib
import os
import pathlib
import subprocess

from support import ReservedPort, wait_until

OWNER = 12_346
PASSWORD = "secret"
CONFIGURATION = """
base_dir = {directory}/run
state_dir = {directory}/state
log_path = {directory}/log
protocols = imap lmtp
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
first_valid_uid = 1000
mail_location = maildir:{directory}/mail/%u
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={owner} gid={owner} home={directory}/mail/%u allow_all_users=yes
}}
service imap-login {{
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {lmtp}
  }}
  unix_listener {directory}/lmtp.sock {{
    mode = 0666
  }}
}}
service stats {{
  client_limit = 100
}}
"""


class Dovecot:
    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        mail = self.directory / "mail"
        mail.mkdir(parents=True)
        self.directory.chmod(0o755)
        os.chown(mail, OWNER, OWNER)
        self.reserved = [ReservedPort(), ReservedPort()]
        self.lmtp, self.imap = (each.number for each in self.reserved)
        self.socket = self.directory / "lmtp.sock"
        file = self.directory / "dovecot.conf"
        file.write_text(CONFIGURATION.format(directory=self.directory, password=PASSWORD, owner=OWNER, lmtp=self.lmtp,
                                             imap=self.imap))
        for each in self.reserved:
            each.end()  # Dovecot does not share addresses
        self.process = subprocess.Popen(["setpriv", "--pdeathsig", "TERM", "dovecot", "-F", "-c", file],
                                        stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(lambda: self.socket.exists() or self.process.poll() is not None, "Dovecot is up", explain=self.log)
        assert self.process.poll() is None, self.log()

    def log(self):
        file = self.directory / "log"
        return file.read_text() if file.exists() else ""

    def mails(self, user):
        """What IMAP shows of a user's inbox."""
        with imaplib.IMAP4("127.0.0.1", self.imap, timeout=20) as client:
            client.login(user, PASSWORD)
            client.select("INBOX", readonly=True)
            [numbers] = client.search(None, "ALL")[1]
            return [client.fetch(number, "(BODY.PEEK[])")[1][0][1] for number in numbers.split()]

    def end(self):
        self.process.terminate()
        self.process.wait(timeout=20)

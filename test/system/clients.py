"""Mail clients that real networks have, each as a function that sends one mail the way the client's users would.

`route` says where and how (port, whether STARTTLS and a login are demanded); `mail` what (sender, recipients, and its text
with Unix line ends, which the client turns into what it thinks right). A client that cannot log in or speak TLS says so in
ways(), and is not asked to.
"""
import base64
import contextlib
import dataclasses
import os
import pathlib
import pwd
import smtplib
import ssl
import subprocess
import threading

from peers import EXIM, exim_environment, harness, open_to_all
from support import WAYPOST, wait_until

USER, PASSWORD = "gilles", "a secret of 1"
PLAIN, SECURE = "plain", "starttls and auth"
BOTH = (PLAIN, SECURE)
ONLY_PLAIN = (PLAIN,)
SUBMIT = ("sendmail",)


@dataclasses.dataclass
class Route:
    port: int
    way: str
    authority: pathlib.Path  # the certificate that vouches for the daemon's
    directory: pathlib.Path  # for files of the client's own
    socket: pathlib.Path     # where local programs submit

    @property
    def is_secure(self):
        return self.way == SECURE


@dataclasses.dataclass
class Mail:
    sender: str
    recipients: list
    text: bytes  # the whole message with LF line ends

    @property
    def crlf(self):
        return self.text.replace(b"\n", b"\r\n")

    def file(self, directory, text=None):
        path = directory / "message.eml"
        path.write_bytes(self.text if text is None else text)
        return path


def run(*command, text=b"", environment=None, cwd=None):
    done = subprocess.run([str(each) for each in command], input=text, env={**os.environ, **(environment or {})}, cwd=cwd,
                          capture_output=True, timeout=120)
    output = (done.stdout + done.stderr).decode("utf-8", "replace")
    assert done.returncode == 0, f"{command[0]} ended with {done.returncode}\n{output[-4000:]}"
    return output


# --- libraries


def _smtplib(route, mail, text):
    with smtplib.SMTP("127.0.0.1", route.port, timeout=60) as client:
        if route.is_secure:
            client.starttls(context=ssl.create_default_context(cafile=route.authority))
            client.login(USER, PASSWORD)
        refused = client.sendmail(mail.sender, mail.recipients, text, ["BODY=8BITMIME"])
        assert not refused, refused


def python_str(route, mail):
    """A str goes out in ASCII with CRLF; who has more than that must encode it, so 8-bit text goes as bytes."""
    text = mail.text
    _smtplib(route, mail, text.decode("ascii") if text.isascii() else text)


def python_bytes(route, mail):
    """Bytes go out as they are: every line ends in a bare LF."""
    _smtplib(route, mail, mail.text)


PERL = r"""
use strict; use Net::SMTP;
my ($port, $secure, $ca, $user, $password, $file, $sender, @recipients) = @ARGV;
open(my $in, '<:raw', $file) or die $!;
my @lines = <$in>;
my $smtp = Net::SMTP->new('127.0.0.1', Port => $port, Timeout => 60) or die "connect: $@";
if ($secure) {
    $smtp->starttls(SSL_ca_file => $ca, SSL_verifycn_name => 'localhost') or die 'starttls: ' . $smtp->message;
    $smtp->auth($user, $password) or die 'auth: ' . $smtp->message;
}
$smtp->mail($sender, Bits => 8) or die 'mail: ' . $smtp->message;
$smtp->to(@recipients) or die 'to: ' . $smtp->message;
$smtp->data(@lines) or die 'data: ' . $smtp->message;
$smtp->quit;
"""

RUBY = r"""
require 'net/smtp'
port, secure, ca, user, password, file, sender, *recipients = ARGV
smtp = Net::SMTP.new('localhost', port.to_i)
smtp.read_timeout = 60
if secure == '1'
  context = Net::SMTP.default_ssl_context
  context.ca_file = ca
  context.verify_mode = OpenSSL::SSL::VERIFY_PEER
  smtp.enable_starttls(context)
  smtp.start('localhost', user, password, :plain) { |s| s.send_message(File.binread(file), sender, *recipients) }
else
  smtp.disable_starttls if smtp.respond_to?(:disable_starttls)
  smtp.start('localhost') { |s| s.send_message(File.binread(file), sender, *recipients) }
end
"""

# The message is given whole ("raw"), so nodemailer sends it as it is read.
NODE = r"""
const [port, secure, ca, user, password, file, sender, ...recipients] = process.argv.slice(2);
const fs = require('fs');
const nodemailer = require('nodemailer');
const login = secure === '1';
const transport = nodemailer.createTransport({
  host: 'localhost', port: Number(port), secure: false, requireTLS: login, ignoreTLS: !login,
  tls: {ca: fs.readFileSync(ca)}, auth: login ? {user, pass: password} : undefined});
transport.sendMail({envelope: {from: sender, to: recipients}, raw: fs.readFileSync(file)}, (error, info) => {
  if (error || info.rejected.length) { console.error(error || info); process.exitCode = 1; }
});
"""

# PHPMailer makes the message itself; here it gets the text as the client of a web shop would give it.
PHPMAILER = r"""<?php
require '/usr/share/php/libphp-phpmailer/autoload.php';
[, $port, $secure, $ca, $user, $password, $file, $sender] = $argv;
$recipients = array_slice($argv, 8);
[$head, $body] = explode("\n\n", file_get_contents($file), 2);
$smtp = new PHPMailer\PHPMailer\SMTP();
$smtp->Timeout = 60;
$ok = $smtp->connect('127.0.0.1', (int)$port, 60,
                     ['ssl' => ['cafile' => $ca, 'peer_name' => 'localhost']]) && $smtp->hello('client.example');
if ($ok && $secure) {
    $ok = $smtp->startTLS() && $smtp->hello('client.example') && $smtp->authenticate($user, $password);
}
$ok = $ok && $smtp->mail($sender);
foreach ($recipients as $recipient) $ok = $ok && $smtp->recipient($recipient);
$ok = $ok && $smtp->data($head . "\n\n" . $body);
if (!$ok) { fwrite(STDERR, print_r($smtp->getError(), true)); exit(1); }
$smtp->quit();
"""

# What thousands of scripts have: a socket, fputs and "\n".
PHP_SOCKET = r"""<?php
[, $port, $secure, $ca, $user, $password, $file, $sender] = $argv;
$recipients = array_slice($argv, 8);
$context = stream_context_create(['ssl' => ['cafile' => $ca, 'peer_name' => 'localhost']]);
$socket = stream_socket_client("tcp://127.0.0.1:$port", $number, $text, 60, STREAM_CLIENT_CONNECT, $context);
function expect($socket, $code) {
    do { $line = fgets($socket); } while ($line !== false && substr($line, 3, 1) === '-');
    if (substr((string)$line, 0, 3) !== $code) { fwrite(STDERR, "wanted $code, got $line"); exit(1); }
}
function say($socket, $line, $code) { fwrite($socket, "$line\r\n"); expect($socket, $code); }
expect($socket, '220');
say($socket, 'EHLO client.example', '250');
if ($secure) {
    say($socket, 'STARTTLS', '220');
    if (!stream_socket_enable_crypto($socket, true, STREAM_CRYPTO_METHOD_TLS_CLIENT)) exit(1);
    say($socket, 'EHLO client.example', '250');
    say($socket, 'AUTH LOGIN', '334');
    say($socket, base64_encode($user), '334');
    say($socket, base64_encode($password), '235');
}
say($socket, "MAIL FROM:<$sender>", '250');
foreach ($recipients as $recipient) say($socket, "RCPT TO:<$recipient>", '250');
say($socket, 'DATA', '354');
$message = preg_replace('/^\./m', '..', file_get_contents($file));
for ($sent = 0; $sent < strlen($message); $sent += fwrite($socket, substr($message, $sent, 65536)));
say($socket, "\r\n.", '250');
say($socket, 'QUIT', '221');
"""


def _script(interpreter, text, suffix, environment=None):
    def send(route, mail):
        script = route.directory / f"client{suffix}"
        script.write_text(text)
        run(*interpreter, script, route.port, "1" if route.is_secure else "", route.authority, USER, PASSWORD,
            mail.file(route.directory), mail.sender, *mail.recipients, environment=environment)
    return send


perl_net_smtp = _script(["perl"], PERL, ".pl")
ruby_net_smtp = _script(["ruby"], RUBY, ".rb")
nodemailer = _script(["node"], NODE, ".js", {"NODE_PATH": "/usr/share/nodejs"})
phpmailer = _script(["php"], PHPMAILER, ".php")
php_socket = _script(["php"], PHP_SOCKET, ".php")


# --- programs that speak SMTP


def swaks(route, mail):
    secure = ["--tls", "--tls-ca-path", route.authority, "--tls-verify", "--tls-sni", "localhost", "--auth", "PLAIN",
              "--auth-user", USER, "--auth-password", PASSWORD]
    run("swaks", "--server", "localhost", "--port", route.port, "--suppress-data", "--from", mail.sender, "--to",
        ",".join(mail.recipients), "--data", f"@{mail.file(route.directory)}", *(secure if route.is_secure else []))


def msmtp(route, mail):
    secure = ["--tls=on", "--tls-starttls=on", f"--tls-trust-file={route.authority}", "--auth=plain", f"--user={USER}",
              f"--passwordeval=echo {PASSWORD!r}"]
    run("msmtp", "--file=/dev/null", "--host=localhost", f"--port={route.port}", f"--from={mail.sender}",
        *(secure if route.is_secure else ["--tls=off"]), "--", *mail.recipients, text=mail.text)


def curl(route, mail):
    """Without --crlf, as everybody calls it: its lines end in bare LF."""
    secure = ["--ssl-reqd", "--cacert", route.authority, "--user", f"{USER}:{PASSWORD}"]
    recipients = [word for each in mail.recipients for word in ("--mail-rcpt", each)]
    run("curl", "--silent", "--show-error", f"smtp://localhost:{route.port}/client.example", "--mail-from", mail.sender,
        *recipients, "--upload-file", mail.file(route.directory), *(secure if route.is_secure else []))


def openssl(route, mail):
    """A person at a keyboard: `openssl s_client -starttls smtp`, and lines that end in CRLF by its -crlf."""
    login = base64.b64encode(f"\0{USER}\0{PASSWORD}".encode()).decode()
    steps = [(b"EHLO client.example", b"250 "), (f"AUTH PLAIN {login}".encode(), b"235 "),
             (f"MAIL FROM:<{mail.sender}>".encode(), b"250 "),
             *((f"rcpt to:<{each}>".encode(), b"250 ") for each in mail.recipients), (b"DATA", b"354 ")]
    client = subprocess.Popen(
        ["openssl", "s_client", "-quiet", "-crlf", "-starttls", "smtp", "-CAfile", route.authority,
         "-verify_return_error", "-connect", f"localhost:{route.port}"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)

    def expect(code):
        for line in client.stdout:
            if not line.strip() or line[3:4] == b"-":
                continue
            if line.startswith(code):
                return
            raise AssertionError(f"wanted {code!r}, got {line!r}")
        raise AssertionError(f"wanted {code!r}, and it ended")

    def say(line):
        client.stdin.write(line + b"\n")
        client.stdin.flush()

    patience = threading.Timer(60, client.kill)
    patience.start()
    try:
        for line, code in steps:
            say(line)
            expect(code)
        say(b"".join(b"." + line if line.startswith(b".") else line for line in mail.text.splitlines(True)) + b".")
        expect(b"250 ")
        say(b"QUIT")
        client.communicate(timeout=30)
    finally:
        patience.cancel()
        client.kill()
        client.wait()
        client.stdout.close()


def s_nail(route, mail):
    """-t would take recipients from the header; here the body goes in, and the header is made by s-nail."""
    head, _, body = mail.text.partition(b"\n\n")
    fields = dict(line.split(b": ", 1) for line in head.replace(b"\n ", b" ").split(b"\n"))
    options = ["-S", "v15-compat=yes", "-S", f"from={mail.sender}", "-S", "sendcharsets=utf-8", "-S", "ttycharset=utf-8",
               "-S", "hostname=", "-S", "sendwait"]
    if route.is_secure:
        options += ["-S", f"mta=smtp://{USER}:{PASSWORD.replace(' ', '%20')}@localhost:{route.port}", "-S",
                    "smtp-use-starttls", "-S", f"tls-ca-file={route.authority}", "-S", "tls-verify=strict", "-S",
                    "smtp-auth=plain"]
    else:
        options += ["-S", f"mta=smtp://localhost:{route.port}", "-S", "smtp-auth=none"]
    run("s-nail", "-:/", *options, "-s", fields[b"Subject"].decode(), "-a", mail.file(route.directory, body), "-.",
        *mail.recipients, text=b"See the file.\n",
        environment={"LC_ALL": "C.UTF-8", "HOME": str(route.directory)})


def git_send_email(route, mail):
    secure = ["--smtp-encryption=tls", f"--smtp-ssl-cert-path={route.authority}", f"--smtp-user={USER}",
              f"--smtp-pass={PASSWORD}"]
    recipients = [f"--to={each}" for each in mail.recipients]
    run("git", "send-email", "--smtp-server=localhost", f"--smtp-server-port={route.port}", "--confirm=never", "--quiet",
        "--suppress-cc=all", "--no-validate", "--8bit-encoding=UTF-8", "--transfer-encoding=8bit", f"--from={mail.sender}",
        f"--envelope-sender={mail.sender}", "--no-chain-reply-to", *(secure if route.is_secure else []), *recipients,
        mail.file(route.directory), cwd=route.directory,
        environment={"HOME": str(route.directory), "GIT_CONFIG_NOSYSTEM": "1", "GIT_COMMITTER_NAME": "S",
                     "GIT_COMMITTER_EMAIL": mail.sender, "GIT_AUTHOR_NAME": "S", "GIT_AUTHOR_EMAIL": mail.sender})


# --- programs that call sendmail


def _sendmail(route):
    """Our sendmail, under the name by which programs call it."""
    path = route.directory / "sendmail"
    if not path.exists():
        path.symlink_to(WAYPOST)
    return path


def _socket(route):
    return {"WAYPOST_SOCKET": str(route.socket), "HOME": str(route.directory), "LC_ALL": "C.UTF-8"}


def cron(route, mail):
    """The options of Debian's cron; it writes the header itself."""
    run(_sendmail(route), "-i", "-FCronDaemon", "-B8BITMIME", "-oem", f"-f{mail.sender}", ",".join(mail.recipients),
        text=mail.text, environment=_socket(route))


def php_mail(route, mail):
    head, _, body = mail.text.partition(b"\n\n")
    (route.directory / "head").write_bytes(head)
    (route.directory / "body").write_bytes(body)
    script = route.directory / "mail.php"
    script.write_text(r"""<?php
[, $folder, $sender] = $argv;
$fields = preg_grep('/^(Subject|To):/i', explode("\n", file_get_contents("$folder/head")), PREG_GREP_INVERT);
preg_match('/^Subject: (.*)$/m', file_get_contents("$folder/head"), $subject);
$sent = mail(implode(', ', array_slice($argv, 3)), $subject[1], file_get_contents("$folder/body"),
             implode("\r\n", $fields), "-f$sender");
exit($sent ? 0 : 1);
""")
    run("php", "-d", f"sendmail_path={_sendmail(route)} -t -i", script, route.directory, mail.sender, *mail.recipients,
        environment=_socket(route))


def mutt(route, mail):
    body = mail.file(route.directory, mail.text.partition(b"\n\n")[2])
    subject = mail.text.partition(b"Subject: ")[2].partition(b"\n")[0].decode()
    run("mutt", "-n", "-F", "/dev/null", "-e", f'set sendmail="{_sendmail(route)} -oem -oi"', "-e",
        f"set envelope_from=yes from={mail.sender} realname='' copy=no", "-e", "set send_charset=utf-8", "-s", subject, "-a",
        body, "--", *mail.recipients, text=b"See the file.\n", environment=_socket(route))


def bsd_mailx(route, mail):
    """It runs the sendmail that its configuration names, in the background: the test waits for what arrives."""
    head, _, body = mail.text.partition(b"\n\n")
    subject = head.partition(b"Subject: ")[2].partition(b"\n")[0].decode()
    rc = route.directory / "mailrc"
    rc.write_text(f"set sendmail={_sendmail(route)}\nset sendwait\n")
    types = [word for line in head.split(b"\n") if line.startswith((b"MIME", b"Content"))
             for word in ("-a", line.decode())]
    run("bsd-mailx", "-n", "-s", subject, "-r", mail.sender, *types, *mail.recipients, text=body,
        environment={**_socket(route), "MAILRC": str(rc)})


# --- other mail servers as clients


def postfix(route, mail):
    secure = f"""\
relayhost = [localhost]:{route.port}
smtp_tls_security_level = secure
smtp_tls_CAfile = {route.authority}
smtp_tls_secure_cert_match = localhost
smtp_sasl_auth_enable = yes
smtp_sasl_security_options = noanonymous
smtp_sasl_password_maps = inline:{{ {{ [localhost]:{route.port} = {USER}:{PASSWORD} }} }}
"""
    main = f"smtp_host_lookup = native\n{secure if route.is_secure else f'relayhost = [127.0.0.1]:{route.port}'}\n"
    harness.adopt_orphans()
    open_to_all(route.directory)
    with contextlib.ExitStack() as cleanup:
        cleanup.callback(harness.bury_orphans)
        server = harness.Postfix(cleanup, route.directory / "postfix", main, connections=5,
                                 master="tlsmgr unix - - n 1000? 1 tlsmgr\n")
        with smtplib.SMTP("127.0.0.1", server.port, timeout=60) as client:
            client.sendmail(mail.sender, mail.recipients, mail.crlf, ["BODY=8BITMIME"])
        wait_until(lambda: not server.left_over(), "Postfix has passed it on", 60)


EXIM_CONFIGURATION = """
primary_hostname = exim.example
exim_path = {program}
spool_directory = {folder}/spool
log_file_path = {folder}/log-%slog
exim_user = Debian-exim
exim_group = Debian-exim
trusted_users = root
keep_environment =
host_lookup =
begin routers
next:
  driver = manualroute
  route_list = * localhost
  self = send
  transport = next
begin transports
next:
  driver = smtp
  port = {port}
  hosts_try_fastopen =
  hosts_avoid_esmtp =
{secure}
begin retry
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  client_send = ^{user}^{password}
"""
EXIM_SECURE = """\
  hosts_require_tls = *
  hosts_require_auth = *
  tls_verify_certificates = {authority}
  tls_verify_hosts = *
"""


def exim(route, mail):
    """Exim as the sendmail of a machine whose smart host is ours; -odf delivers at once, in the foreground."""
    user = pwd.getpwnam("Debian-exim")
    folder = open_to_all(route.directory) / "exim"
    folder.mkdir()
    os.chown(folder, user.pw_uid, user.pw_gid)
    file = folder / "exim.conf"
    file.write_text(EXIM_CONFIGURATION.format(
        program=EXIM, folder=folder, port=route.port, user=USER, password=PASSWORD,
        secure=EXIM_SECURE.format(authority=route.authority) if route.is_secure else "  hosts_avoid_tls = *"))
    run(EXIM, "-C", file, "-odf", "-i", "-f", mail.sender, "--", *mail.recipients, text=mail.text,
        environment=exim_environment())


@dataclasses.dataclass
class Client:
    name: str
    send: object
    ways: tuple = BOTH
    #: what arrives: "whole", the text as it was; "attached", the body as a file of a message that the client made
    arrives: str = "whole"
    needs_root: bool = False
    #: whether it stuffs dots behind a bare LF too; where it does not, the server takes the first of several away
    stuffs_behind_lf: bool = True


CLIENTS = [
    Client("Python's smtplib with str", python_str),
    Client("Python's smtplib with bytes", python_bytes),
    Client("Perl's Net::SMTP", perl_net_smtp),
    Client("Ruby's net/smtp", ruby_net_smtp),
    Client("nodemailer", nodemailer),
    Client("PHPMailer", phpmailer),
    Client("a PHP script with a socket", php_socket),
    Client("swaks", swaks),
    Client("msmtp", msmtp),
    Client("curl", curl, stuffs_behind_lf=False),
    Client("openssl s_client", openssl, ways=(SECURE,)),
    Client("s-nail", s_nail, arrives="attached"),
    Client("git send-email", git_send_email),
    Client("cron", cron, ways=SUBMIT),
    Client("PHP's mail()", php_mail, ways=SUBMIT),
    Client("mutt", mutt, ways=SUBMIT, arrives="attached"),
    Client("bsd-mailx", bsd_mailx, ways=SUBMIT),
    Client("Postfix", postfix, needs_root=True),
    Client("Exim", exim, needs_root=True),
]

"""What every report must be, whatever made it necessary: 7-bit, MIME without a defect, and RFC 3464 to the letter."""
import email
import email.policy
import re

PER_MESSAGE = ["Original-Envelope-Id", "Reporting-MTA", "DSN-Gateway", "Received-From-MTA", "Arrival-Date"]
PER_RECIPIENT = ["Original-Recipient", "Final-Recipient", "Action", "Status", "Remote-MTA", "Diagnostic-Code",
                 "Last-Attempt-Date", "Final-Log-ID", "Will-Retry-Until"]
CLASSES = {"failed": "45", "delayed": "4", "delivered": "2", "relayed": "2", "expanded": "2"}


def faults_of(text):
    """Faults of the report in `text`, octets with LF or CRLF at the ends of lines; none for a good one."""
    return [*faults_of_lines(text), *faults_of_mime(text)]


def faults_of_lines(text):
    lines = text.split(b"\n")
    ends = {line.endswith(b"\r") for line in lines[:-1]}
    if len(ends) > 1:
        yield "some lines end in CRLF and some in LF"
    for number, line in enumerate(lines, 1):
        line = line.removesuffix(b"\r")
        if len(line) > 998:
            yield f"line {number} has {len(line)} octets"
        if re.search(rb"[\0\r\x80-\xff]", line):  # RFC 2045 2.7: what 7bit excludes
            yield f"line {number} has octets that are not 7-bit text: {line!r}"


def parts_of_ours(part):
    """All but what a returned message holds: its faults are its author's."""
    yield part
    if part.is_multipart() and part.get_content_type() != "message/rfc822":
        for each in part.get_payload():
            yield from parts_of_ours(each)


def faults_of_mime(text):
    report = email.message_from_bytes(text, policy=email.policy.default)
    for part in parts_of_ours(report):
        yield from (f"{part.get_content_type()}: {defect!r}" for defect in part.defects)
        for name, value in part.items():
            yield from (f"{name}: {defect!r}" for defect in getattr(value, "defects", ()))
        encoding = part.get("Content-Transfer-Encoding", "7bit").lower()
        if encoding not in ("7bit", "quoted-printable"):
            yield f"a part is encoded as {encoding}"
        if encoding != "7bit" and part.get_content_maintype() in ("message", "multipart"):
            yield f"{part.get_content_type()} is encoded as {encoding} (RFC 2046 5.2.1 and 5.1)"
    for name in ("From", "To", "Date", "Subject", "Message-ID", "MIME-Version"):
        if len(report.get_all(name, [])) != 1:
            yield f"{len(report.get_all(name, []))} fields {name}"
    if report.get_content_type() != "multipart/report" or report.get_param("report-type") != "delivery-status":
        yield "it is no multipart/report of a delivery status"
        return
    yield from faults_of_parts(list(report.iter_parts()))


def faults_of_parts(parts):
    kinds = [part.get_content_type() for part in parts]
    if kinds[:2] != ["text/plain", "message/delivery-status"]:
        yield f"the parts are {kinds}"
        return
    if kinds[2:] not in ([], ["message/rfc822"], ["text/rfc822-headers"]):
        yield f"what is returned is {kinds[2:]}"
    if kinds[2:] == ["text/rfc822-headers"]:
        returned = parts[2].get_content().replace("\r\n", "\n")
        if not re.match(r"[!-9;-~]+:", returned) or "\n\n" in returned.strip("\n"):
            yield "what is returned is no header section"
    groups = parts[1].get_payload()
    yield from faults_of_group(groups[0], PER_MESSAGE, ["Reporting-MTA"])
    if len(groups) < 2:
        yield "there is no recipient"
    for group in groups[1:]:
        yield from faults_of_group(group, PER_RECIPIENT, ["Final-Recipient", "Action", "Status"])
        yield from faults_of_recipient(group)


def faults_of_group(group, order, required):
    """The ABNF of RFC 3464 sections 2.2 and 2.3 has the fields in an order, each once."""
    names = [name for name, _ in group.items()]
    if unknown := [name for name in names if name not in order]:
        yield f"fields that RFC 3464 does not know there: {unknown}"
    elif names != sorted(set(names), key=order.index):
        yield f"fields out of order or repeated: {names}"
    yield from (f"{name} is missing" for name in required if name not in names)
    for name, value in group.items():
        if name in ("Reporting-MTA", "Remote-MTA", "Original-Recipient", "Final-Recipient", "Diagnostic-Code") \
                and not re.match(r"[A-Za-z0-9-]+;\s*\S", value):
            yield f"{name} has no type in front: {value}"
        if name.endswith("-Date") or name == "Will-Retry-Until":
            if not re.fullmatch(r"\w{3}, \d{1,2} \w{3} \d{4} \d\d:\d\d:\d\d [+-]\d{4}", value):
                yield f"{name} is no date: {value}"


def faults_of_recipient(group):
    action, status = group.get("Action", ""), group.get("Status", "")
    if action not in CLASSES:
        yield f"no action of RFC 3464: {action}"
    elif not re.fullmatch(rf"[{CLASSES[action]}]\.\d{{1,3}}\.\d{{1,3}}", status):
        yield f"the status of what was {action} is {status}"
    if "Will-Retry-Until" in group and action != "delayed":
        yield "Will-Retry-Until of what is not delayed"

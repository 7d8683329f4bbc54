#include "waypost/mail/dsn.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>

#include "mime_text.hpp"
#include "waypost/base/ascii.hpp"
#include "waypost/mail/trace.hpp"

namespace waypost::mail {
namespace {

void append_field(std::string& out, std::string_view name, std::string_view value) {
    out += name;
    out += ": ";
    out += value;
    out += crlf;
}

/// A host name, also one that somebody else claims to have.
std::string host_name(std::string_view host) { return base::printable(host, 255); }

std::string bare_message_id(const report& report) {
    std::string_view id = report.message_id;
    if (id.starts_with('<')) id.remove_prefix(1);
    if (id.ends_with('>')) id.remove_suffix(1);
    std::string bare(id);
    if (bare.find('@') == std::string::npos) bare.append("@").append(report.reporting_host);
    return base::printable(bare, 255);
}

// --- what each kind of report says

struct wording {
    std::string_view action;
    std::string_view subject;
    std::string_view what_happened;
    std::string_view what_next;
};

wording words_for(report_kind kind) {
    switch (kind) {
        case report_kind::failed:
            return {"failed", "Delivery failed", "Your message could not be delivered to the recipients below.",
                    "No further attempt will be made. Please read the reasons given, and send the message again if "
                    "that can "
                    "help."};
        case report_kind::delayed:
            return {"delayed", "Delivery delayed", "Your message could not be delivered yet to the recipients below.",
                    "You need not send it again: this host goes on trying."};
        case report_kind::delivered:
            return {"delivered", "Delivered", "Your message was delivered to the recipients below.",
                    "You asked for this notice. Nothing remains to be done."};
        case report_kind::relayed:
            return {"relayed", "Relayed",
                    "Your message was passed on for the recipients below, to a host that sends no notices.",
                    "You asked for this notice. There will be none about the final delivery unless it fails."};
        case report_kind::expanded:
            return {"expanded", "Expanded",
                    "Your message was accepted for the recipients below, and passed on to the addresses that they "
                    "stand for.",
                    "You asked for this notice. There will be none when it is delivered to these addresses."};
    }
    return {"failed", "Delivery failed", "", ""};
}

std::string status_code(const status& last) {
    if (last.enhanced().klass != 0) return last.enhanced().text();
    return std::to_string(last.code() / 100) + ".0.0";
}

std::string shown_status(const status& last) { return base::printable(last.line(), 2000); }

// --- the parts

/// What goes with the report, as it can be sent.
struct attachment {
    std::string_view text;
    bool whole_message = false;
    bool quoted = false;
};

attachment attachment_for(const report& report) {
    if (is_seven_bit_text(report.returned)) return {.text = report.returned, .whole_message = report.whole_message};
    std::string_view header = report.returned;
    if (const auto end = header.find("\r\n\r\n"); report.whole_message && end != std::string_view::npos) {
        header = header.substr(0, end + crlf.size());
    }
    return {.text = header, .quoted = !is_seven_bit_text(header)};
}

void append_header(std::string& out, const report& notice, const wording& words, std::string_view boundary) {
    const std::string host = host_name(notice.reporting_host);
    out += "From: Mailer Daemon <MAILER-DAEMON@" + host + ">\r\n";
    out += "To: <" + notice.recipient.text() + ">\r\n";
    out += "Date: " + format_date(notice.time) + "\r\n";
    out += "Subject: ";
    out += words.subject;
    out += "\r\nMessage-ID: <" + bare_message_id(notice) + ">\r\n";
    out +=
        "MIME-Version: 1.0\r\n"
        "Auto-Submitted: auto-replied\r\n" // RFC 3834: nobody's out-of-office answers this
        "Content-Type: multipart/report; report-type=delivery-status;\r\n"
        "\tboundary=\"";
    out += boundary;
    out += "\"\r\n\r\n";
}

/// "<bob@remote.example>", and the address that the sender knows where it is another.
std::string shown_recipient(const reported_recipient& recipient) {
    std::string shown = '<' + recipient.address.text() + '>';
    if (!recipient.expanded_from.empty()) {
        shown += " (expanded from <" + base::printable(recipient.expanded_from, longest_word) + ">)";
    }
    return shown += ':';
}

void append_notice(std::string& out, const report& report, const wording& words, const attachment& attached) {
    out += "Content-Type: text/plain; charset=us-ascii\r\n\r\n";
    append_folded(out, "", "", "This is the mail system at host " + host_name(report.reporting_host) + ".");
    out += crlf;
    append_folded(out, "", "", words.what_happened);
    out += crlf;
    for (const reported_recipient& recipient : report.recipients) {
        append_folded(out, "  ", "    ", shown_recipient(recipient));
        append_folded(out, "    ", "    ", shown_status(recipient.last));
        if (!recipient.remote_host.empty())
            append_folded(out, "    ", "    ", "(said " + host_name(recipient.remote_host) + ")");
        out += crlf;
    }
    append_folded(out, "", "", words.what_next);
    if (report.kind == report_kind::delayed) {
        append_folded(out, "", "", "It gives up, and tells you, on " + format_date(report.expires) + ".");
    }
    if (!attached.text.empty()) {
        append_folded(
            out, "", "",
            attached.whole_message ? "The message is attached." : "The header section of the message is attached.");
    }
    out += crlf;
}

/// ORCPT "type;xtext" as RFC 3464 section 2.3.1 wants it: "type; text".
std::optional<std::string> original_recipient(std::string_view orcpt) {
    const std::size_t semicolon = orcpt.find(';');
    if (semicolon == std::string_view::npos || orcpt.size() > longest_word) return std::nullopt;
    const std::string_view type = orcpt.substr(0, semicolon);
    const bool is_type =
        !type.empty() && std::all_of(type.begin(), type.end(), [](char c) { return base::is_alnum(c) || c == '-'; });
    const auto decoded = xtext_decode(orcpt.substr(semicolon + 1));
    if (!is_type || !decoded) return std::nullopt;
    const std::string_view address = base::trim(*decoded);
    if (address.empty()) return std::nullopt;
    return std::string(type) + "; " + std::string(address);
}

void append_delivery_status(std::string& out, const report& report, const wording& words) {
    out += "Content-Type: message/delivery-status\r\n\r\n";
    if (!report.envelope_id.empty())
        append_field(out, "Original-Envelope-Id", base::printable(report.envelope_id, longest_word));
    append_field(out, "Reporting-MTA", "dns; " + host_name(report.reporting_host));
    append_field(out, "Arrival-Date", format_date(report.arrived));
    for (const reported_recipient& recipient : report.recipients) {
        out += crlf;
        if (const auto original = original_recipient(recipient.original))
            append_field(out, "Original-Recipient", *original);
        append_field(out, "Final-Recipient", "rfc822; " + recipient.address.text());
        append_field(out, "Action", words.action);
        append_field(out, "Status", status_code(recipient.last));
        if (!recipient.remote_host.empty()) append_field(out, "Remote-MTA", "dns; " + host_name(recipient.remote_host));
        // An expansion is nobody's reply.
        if (report.kind != report_kind::expanded) {
            const std::string type = recipient.is_local && recipient.remote_host.empty() ? "x-unix" : "smtp";
            append_folded(out, "Diagnostic-Code: " + type + "; ", " ", shown_status(recipient.last));
        }
        append_field(out, "Last-Attempt-Date", format_date(report.time));
        if (report.kind == report_kind::delayed) append_field(out, "Will-Retry-Until", format_date(report.expires));
    }
    out += crlf;
}

void append_attachment(std::string& out, const attachment& attached) {
    out += attached.whole_message ? "Content-Type: message/rfc822\r\n" : "Content-Type: text/rfc822-headers\r\n";
    if (attached.quoted) out += "Content-Transfer-Encoding: quoted-printable\r\n";
    out += crlf;
    if (attached.quoted)
        append_quoted_printable(out, attached.text);
    else
        append_lines(out, attached.text);
    out += crlf;
}

}  // namespace

std::string format_dsn(const report& report) {
    const wording words = words_for(report.kind);
    const attachment attached = attachment_for(report);
    // A boundary has no "=", so it cannot come to be by quoting.
    const std::string boundary = choose_boundary(bare_message_id(report), attached.text);
    const std::string delimiter = "--" + boundary + "\r\n";
    std::string out;
    out.reserve(attached.text.size() + 4096 + 1024 * report.recipients.size());
    append_header(out, report, words, boundary);
    out += "This is a notice in MIME format, for people and for programs.\r\n\r\n";
    out += delimiter;
    append_notice(out, report, words, attached);
    out += delimiter;
    append_delivery_status(out, report, words);
    if (!attached.text.empty()) {
        out += delimiter;
        append_attachment(out, attached);
    }
    out += "--" + boundary + "--\r\n";
    return out;
}

}  // namespace waypost::mail

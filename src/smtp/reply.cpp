#include "waypost/smtp/reply.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "waypost/base/ascii.hpp"

namespace waypost::smtp {

namespace {

// RFC 5321 4.5.3.1.5: 512 octets with code and CRLF. What is longer goes on in a further line of the same reply.
constexpr std::size_t longest_written = 512 - 6;
constexpr std::size_t longest_enhanced = 12;  // "5.999.999" and a blank, with room to spare

bool has_controls(std::string_view text) noexcept { return std::ranges::any_of(text, base::is_control); }

void write_line(std::string& out, int code, char separator, std::string_view enhanced, std::string_view text) {
    const std::array<char, 4> head = {static_cast<char>('0' + code / 100 % 10), static_cast<char>('0' + code / 10 % 10),
                                      static_cast<char>('0' + code % 10), separator};
    out.append(head.data(), head.size());
    if (!enhanced.empty()) out.append(enhanced).push_back(' ');
    // No text, whoever made it, may end the line before its time.
    if (const std::size_t start = out.size(); out.append(text), has_controls(text)) {
        std::replace_if(out.begin() + static_cast<std::ptrdiff_t>(start), out.end(), base::is_control, '?');
    }
    out += "\r\n";
}

// The text of one line after another, each with the enhanced code in front (RFC 2034 section 4), cut at blanks.
std::vector<std::string> wrap(const std::string& prefix, std::string_view text) {
    std::vector<std::string> lines;
    do {
        std::string_view part = text.substr(0, longest_written - prefix.size());
        if (part.size() < text.size()) {
            if (const auto blank = part.rfind(' '); blank != std::string_view::npos && blank > 0) {
                part = part.substr(0, blank);
            }
        }
        text.remove_prefix(part.size());
        text = base::trim(text);
        lines.push_back(prefix + std::string(part));
    } while (!text.empty());
    return lines;
}

}  // namespace

reply::reply(const mail::status& status) : code(status.code()) {
    const bool enhanced = status.enhanced() != mail::enhanced_code{};
    lines = wrap(enhanced ? status.enhanced().text() + ' ' : std::string(), status.text());
}

mail::status reply::to_status() const {
    mail::enhanced_code enhanced;
    std::string text;
    for (const std::string& line : lines) {
        std::string_view rest = line;
        // An enhanced code of another class than the reply's is no enhanced code (RFC 2034 section 4).
        const mail::enhanced_code found = mail::enhanced_code::parse(rest);
        if (found.klass != code / 100 || (enhanced != mail::enhanced_code{} && found != enhanced)) {
            rest = line;
        } else {
            enhanced = found;
        }
        rest = base::trim(rest);
        if (rest.empty()) continue;
        if (!text.empty()) text += ' ';
        text += rest;
    }
    return {code, enhanced, text};
}

void write_reply(std::string& out, const reply& reply) {
    if (reply.lines.empty()) return write_line(out, reply.code, ' ', {}, {});
    for (const std::string& line : reply.lines) {
        write_line(out, reply.code, &line == &reply.lines.back() ? ' ' : '-', {}, line);
    }
}

void write_reply(std::string& out, const mail::status& status) {
    if (status.text().size() > longest_written - longest_enhanced) return write_reply(out, reply(status));
    if (status.enhanced() == mail::enhanced_code{}) return write_line(out, status.code(), ' ', {}, status.text());
    write_line(out, status.code(), ' ', status.enhanced().text(), status.text());
}

reply_reader::progress reply_reader::on_line(std::string_view line) {
    const auto malformed = [this] {
        building_ = {};
        octets_ = 0;
        return progress::malformed;
    };
    if (line.size() < 3 || line[0] < '2' || line[0] > '5' || !base::is_digit(line[1]) || !base::is_digit(line[2])) {
        return malformed();
    }
    const int code = (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
    const char separator = line.size() > 3 ? line[3] : ' ';
    const std::string_view text = line.substr(std::min<std::size_t>(line.size(), 4));
    octets_ += line.size() + 2;
    if (separator != ' ' && separator != '-') return malformed();
    if (!building_.lines.empty() && code != building_.code) return malformed();
    if (octets_ > most_octets) return malformed();  // RFC 5321 knows no limit, but our memory does

    building_.code = code;
    building_.lines.push_back(has_controls(text) ? base::printable(text) : std::string(text));
    return separator == ' ' ? progress::done : progress::more;
}

reply reply_reader::take() {
    octets_ = 0;
    return std::exchange(building_, {});
}

}  // namespace waypost::smtp

#include "waypost/smtp/extensions.hpp"

#include "waypost/base/ascii.hpp"
#include "waypost/base/encoding.hpp"

namespace waypost::smtp {

namespace {

// Moves `line` past the next word; empty when there is none.
std::string_view next_word(std::string_view& line) noexcept {
    line = base::trim(line);
    const std::size_t size = std::min(line.find_first_of(" \t"), line.size());
    const std::string_view word = line.substr(0, size);
    line.remove_prefix(size);
    return word;
}

void parse_auth(std::string_view mechanisms, extensions& offered) {
    for (std::string_view word = next_word(mechanisms); !word.empty(); word = next_word(mechanisms)) {
        offered.auth_offered = true;
        if (base::iequals(word, "PLAIN")) offered.auth_plain = true;
        if (base::iequals(word, "LOGIN")) offered.auth_login = true;
    }
}

void parse_size(std::string_view limit, extensions& offered) {
    offered.size = true;
    // 0 is "no fixed limit" (RFC 1870 section 4); what does not fit 64 bits is none either.
    if (const auto number = base::parse_number(next_word(limit)); number && *number > 0) offered.max_size = number;
}

void parse_limits(std::string_view limits, extensions& offered) {
    for (std::string_view word = next_word(limits); !word.empty(); word = next_word(limits)) {
        const std::size_t sign = word.find('=');
        if (sign == std::string_view::npos) continue;
        const std::string_view name = word.substr(0, sign);
        // RFC 9422 section 4: a limit of zero would forbid all mail; it is no limit but nonsense.
        const auto number = base::parse_number(word.substr(sign + 1));
        if (!number || *number == 0) continue;
        if (base::iequals(name, "MAILMAX")) offered.max_mails = number;
        if (base::iequals(name, "RCPTMAX")) offered.max_recipients = number;
        if (base::iequals(name, "RCPTDOMAINMAX")) offered.max_recipient_domains = number;
    }
}

}  // namespace

extensions parse_extensions(const reply& ehlo) {
    extensions offered;
    for (std::size_t i = 1; i < ehlo.lines.size(); ++i) {  // the first line greets
        std::string_view rest = ehlo.lines[i];
        const std::string_view keyword = next_word(rest);
        if (base::iequals(keyword, "PIPELINING")) offered.pipelining = true;
        if (base::iequals(keyword, "8BITMIME")) offered.eight_bit_mime = true;
        if (base::iequals(keyword, "DSN")) offered.dsn = true;
        if (base::iequals(keyword, "STARTTLS")) offered.starttls = true;
        if (base::iequals(keyword, "ENHANCEDSTATUSCODES")) offered.enhanced_status_codes = true;
        if (base::iequals(keyword, "CHUNKING")) offered.chunking = true;
        if (base::iequals(keyword, "LIMITS")) parse_limits(rest, offered);
        if (base::iequals(keyword, "SIZE")) parse_size(rest, offered);
        if (base::iequals(keyword, "AUTH")) parse_auth(rest, offered);
        // "AUTH=LOGIN": what servers said to clients older than RFC 2554, and some still do.
        if (base::istarts_with(keyword, "AUTH=")) {
            parse_auth(keyword.substr(5), offered);
            parse_auth(rest, offered);
        }
    }
    return offered;
}

}  // namespace waypost::smtp

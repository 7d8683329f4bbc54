#include "sender.hpp"

namespace waypost::relay {

namespace {

/// "user@domain", "@domain" or "user" in place of that part.
mail::reverse_path replaced(const mail::reverse_path& from, const std::string& pattern) {
    const std::size_t at = pattern.rfind('@');
    std::string text = pattern;
    if (at == 0) text = from.address()->local.text() + pattern;
    if (at == std::string::npos) text = pattern + "@" + from.address()->host.text();
    const auto changed = mail::mailbox::parse(text);
    return changed ? mail::reverse_path(*changed) : from;
}

}  // namespace

mail::reverse_path sender_of(const spool::message& about, const spool::envelope& to, const action_settings& how,
                             async::wall_time now) {
    const mail::reverse_path& from = about.from.from;
    if (from.is_null()) return from;
    if (!how.mail_from.empty()) return replaced(from, how.mail_from);
    const auto given = how.srs != nullptr ? mail::mailbox::parse(to.given) : std::nullopt;
    return given ? how.srs->forwarded(from, given->host, now) : from;
}

}  // namespace waypost::relay

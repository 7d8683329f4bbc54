#include "sender.hpp"

namespace waypost::relay {

namespace {

/// "user@domain", "@domain" or "user" in place of that part.
mail::reverse_path replaced(const mail::reverse_path& reverse_path, const std::string& pattern) {
    const std::size_t at = pattern.rfind('@');
    std::string text = pattern;
    if (at == 0) text = reverse_path.address()->local.text() + pattern;
    if (at == std::string::npos) text = pattern + "@" + reverse_path.address()->host.text();
    const auto changed = mail::mailbox::parse(text);
    return changed ? mail::reverse_path(*changed) : reverse_path;
}

}  // namespace

mail::reverse_path sender_of(const spool::message& message, const spool::envelope& envelope,
                             const action_settings& settings, async::wall_time now) {
    const mail::reverse_path& from = message.sender.address;
    if (from.is_null()) return from;
    if (!settings.mail_from.empty()) return replaced(from, settings.mail_from);
    const auto given = settings.srs != nullptr ? mail::mailbox::parse(envelope.original) : std::nullopt;
    return given ? settings.srs->forwarded(from, given->host, now) : from;
}

}  // namespace waypost::relay

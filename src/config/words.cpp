#include "words.hpp"

#include <algorithm>
#include <string>

namespace waypost::config {
namespace {

constexpr std::string_view keywords =
    " accept action admd alias any auth auth-optional backup bounce bypass ca cert chain chroot ciphers"
    " commit compression connect data data-line dhe disconnect domain ehlo encryption expand-only fcrdns"
    " filter for forward-only from group helo helo-src host hostname hostnames include inet4 inet6 junk"
    " key limit listen lmtp local mail-from maildir mask-src masquerade match max-deferred"
    " max-message-size mbox mda mta no-dsn no-verify noop on phase pki port proc proc-exec protocols proxy-v2 queue"
    " quit rcpt-to rdns received-auth regex reject relay report rewrite rset scheduler senders smtp"
    " smtp-in smtp-out smtps socket src srs sub-addr-delim table tag tls tls-require ttl user userbase verify"
    " virtual warn-interval wrapper ";

constexpr std::string_view old_keywords =
    " as certificate deliver expire mask-source recipient secure sender source ssl tagged to users via ";

struct method_word {
    action::method method;
    std::string_view word;
    delivery::action_settings::method delivery;  // of those that deliver here
};
using deliver = delivery::action_settings::method;
constexpr method_word methods[] = {
    {action::method::relay, "relay", deliver::only_targets},
    {action::method::mbox, "mbox", deliver::mbox},
    {action::method::maildir, "maildir", deliver::maildir},
    {action::method::mda, "mda", deliver::command},
    {action::method::lmtp, "lmtp", deliver::only_targets},
    {action::method::expand_only, "expand-only", deliver::only_targets},
    {action::method::forward_only, "forward-only", deliver::only_targets},
};

bool contains(std::string_view words, std::string_view word) {
    return word.find(' ') == std::string_view::npos &&
           words.find(" " + std::string(word) + " ") != std::string_view::npos;
}

}  // namespace

bool is_keyword(std::string_view word) { return contains(keywords, word); }
bool is_old_keyword(std::string_view word) { return contains(old_keywords, word); }

std::string_view word_of(action::method method) noexcept {
    return std::ranges::find(methods, method, &method_word::method)->word;
}

void set_method(action& action, std::string_view word) noexcept {
    const auto* const found = std::ranges::find(methods, word, &method_word::word);
    action.by = found->method;
    action.local.by = found->delivery;
}

}  // namespace waypost::config

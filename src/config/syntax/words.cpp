#include "waypost/config/syntax/words.hpp"

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

bool contains(std::string_view words, std::string_view word) {
    return word.find(' ') == std::string_view::npos &&
           words.find(" " + std::string(word) + " ") != std::string_view::npos;
}

}  // namespace

bool is_keyword(std::string_view word) { return contains(keywords, word); }
bool is_old_keyword(std::string_view word) { return contains(old_keywords, word); }

}  // namespace waypost::config

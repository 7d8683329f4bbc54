#include "waypost/config/syntax/words.hpp"

#include <algorithm>
#include <string>

#include "waypost/base/ascii.hpp"

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

// Optimal string alignment: three rows of the usual table are enough, the third for swapped neighbours.
std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> before_last(b.size() + 1), last(b.size() + 1), current(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
    const auto same = [](char x, char y) { return base::to_lower(x) == base::to_lower(y); };
    for (std::size_t i = 1; i <= a.size(); ++i) {
        current[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t change = last[j - 1] + (same(a[i - 1], b[j - 1]) ? 0 : 1);
            current[j] = std::min({last[j] + 1, current[j - 1] + 1, change});
            if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1])) {
                current[j] = std::min(current[j], before_last[j - 2] + 1);
            }
        }
        std::swap(before_last, last);
        std::swap(last, current);
    }
    return last[b.size()];
}

std::string did_you_mean(std::string_view word, const std::vector<std::string_view>& names) {
    // One letter in three may be wrong; a long word is no typing error and would only cost time.
    const std::size_t bearable = std::max<std::size_t>(1, word.size() / 3);
    if (word.size() > 64) return {};
    std::string_view best;
    std::size_t distance = bearable + 1;
    for (const std::string_view candidate : names) {
        if (candidate.size() > word.size() + bearable || word.size() > candidate.size() + bearable) continue;
        const std::size_t d = edit_distance(word, candidate);
        if (d < distance) {
            best = candidate;
            distance = d;
        }
    }
    if (best.empty() || best.size() <= distance || distance == 0) return {};
    return "did you mean \"" + base::printable(best, 64) + "\"?";
}

}  // namespace waypost::config

#include "waypost/mail/srs.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <stdexcept>

#include "waypost/base/ascii.hpp"

namespace waypost::mail {

namespace {

constexpr std::string_view base32 = "abcdefghijklmnopqrstuvwxyz234567";
constexpr unsigned bits_a_digit = 5;
constexpr std::size_t hash_length = 6;  // 30 bits: a guess a second finds one in 17 years on average
constexpr std::size_t day_length = 2;
constexpr unsigned days = 1024;

unsigned day_of(srs::time now) {
    return static_cast<unsigned>(std::chrono::floor<std::chrono::days>(now.time_since_epoch()).count() % days);
}

std::string day_text(unsigned day) { return {base32[day >> bits_a_digit], base32[day % base32.size()]}; }

std::optional<unsigned> day_from(std::string_view text) {
    unsigned day = 0;
    for (const char c : text) {
        const std::size_t digit = base32.find(base::to_lower(c));
        if (digit == std::string_view::npos) return std::nullopt;
        day = (day << bits_a_digit) + static_cast<unsigned>(digit);
    }
    return day;
}

std::string hash_of(const base::secret& key, const std::string& text) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> mac{};
    unsigned length = 0;
    const std::string folded = base::to_lower(text);
    if (HMAC(EVP_sha256(), key.reveal().data(), static_cast<int>(key.reveal().size()),
             reinterpret_cast<const unsigned char*>(folded.data()), folded.size(), mac.data(), &length) == nullptr)
        throw std::runtime_error("HMAC-SHA-256 is not available");
    std::string digits;
    // A digit an octet: 5 of its 8 bits are as good as any.
    for (std::size_t i = 0; i < hash_length; ++i) digits += base32[mac[i] % base32.size()];
    return digits;
}

// What is hashed begins with the kind, so that no address of one kind proves one of the other.
std::string hashed_first(std::string_view day, std::string_view host, std::string_view local) {
    return "0=" + std::string(day) + "=" + std::string(host) + "=" + std::string(local);
}
std::string hashed_again(std::string_view first, std::string_view rest) {
    return "1=" + std::string(first) + "=" + std::string(rest);
}

/// Moves `text` past `=` and what stands before it.
std::optional<std::string_view> take_field(std::string_view& text) {
    const std::size_t end = text.find('=');
    if (end == std::string_view::npos || end == 0) return std::nullopt;
    const std::string_view field = text.substr(0, end);
    text.remove_prefix(end + 1);
    return field;
}

bool is_separator(char c) { return c == '=' || c == '+' || c == '-'; }

/// Moves `text` past "SRS0=" or "SRS1=".
bool skip_tag(std::string_view& text, std::string_view tag) {
    if (!base::istarts_with(text, tag) || text.size() <= tag.size() || !is_separator(text[tag.size()])) return false;
    text.remove_prefix(tag.size() + 1);
    return true;
}

/// What an SRS1 address says: whose SRS0 address it stands for, without "SRS0".
struct second_hand {
    std::string_view first;
    std::string_view rest;  // begins with the separator of that address
};

std::optional<second_hand> parse_second_hand(std::string_view after_hash) {
    const auto first = take_field(after_hash);
    if (!first || after_hash.empty() || !is_separator(after_hash.front())) return std::nullopt;
    return second_hand{*first, after_hash};
}

/// The sender as an address of another forwarder, if it is one.
std::optional<second_hand> already_forwarded(const mailbox& mailbox) {
    std::string_view text = mailbox.local.value();
    constexpr std::string_view tag = "SRS0";
    if (std::string_view rest = text; skip_tag(rest, tag))
        return second_hand{mailbox.host.text(), text.substr(tag.size())};
    if (!skip_tag(text, "SRS1") || !take_field(text)) return std::nullopt;
    return parse_second_hand(text);
}

std::optional<mailbox> address(std::string_view local, std::string_view host) {
    auto left = local_part::from_value(local);
    auto right = domain::parse(host);
    if (!left || !right) return std::nullopt;
    return mailbox::parse(left->text() + "@" + right->text());
}

}  // namespace

reverse_path srs::forwarded(const reverse_path& from, const domain& domain, time now) const {
    if (from.is_null() || from.address()->host == domain) return from;
    std::string local;
    if (const auto again = already_forwarded(*from.address())) {
        local = "SRS1=" + hash_of(settings_.key, hashed_again(again->first, again->rest)) + "=" +
                std::string(again->first) + "=" + std::string(again->rest);
    } else {
        const std::string day = day_text(day_of(now));
        const std::string& host = from.address()->host.text();
        const std::string& user = from.address()->local.value();
        local = "SRS0=" + hash_of(settings_.key, hashed_first(day, host, user)) + "=" + day + "=" + host + "=" + user;
    }
    auto made = address(local, domain.text());
    return made ? reverse_path(std::move(*made)) : from;
}

std::optional<mailbox> srs::reversed(const local_part& local_part, time now) const {
    std::string_view text = local_part.value();
    const bool again = skip_tag(text, "SRS1");
    if (!again && !skip_tag(text, "SRS0")) return std::nullopt;
    const auto hash = take_field(text);
    if (!hash) return std::nullopt;
    if (again) {
        const auto what = parse_second_hand(text);
        if (!what || !proves(*hash, hashed_again(what->first, what->rest))) return std::nullopt;
        return address("SRS0" + std::string(what->rest), what->first);
    }
    const auto day_field = take_field(text);
    const auto host = take_field(text);
    if (!day_field || !host || text.empty()) return std::nullopt;
    const auto day = day_field->size() == day_length ? day_from(*day_field) : std::nullopt;
    if (!day || !proves(*hash, hashed_first(*day_field, *host, text))) return std::nullopt;
    const std::chrono::days age((day_of(now) + days - *day) % days);
    if (age > std::chrono::ceil<std::chrono::days>(settings_.ttl)) return std::nullopt;
    return address(text, *host);
}

bool srs::proves(std::string_view hash, const std::string& text) const {
    const auto is = [&](const base::secret& key) {
        const std::string right = hash_of(key, text);
        return hash.size() == right.size() &&
               CRYPTO_memcmp(base::to_lower(hash).data(), right.data(), right.size()) == 0;
    };
    return is(settings_.key) || (!settings_.backup.empty() && is(settings_.backup));
}

}  // namespace waypost::mail

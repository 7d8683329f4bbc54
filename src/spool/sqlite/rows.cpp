#include "rows.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace waypost::spool::sqlite::rows {
namespace {

using std::chrono::milliseconds;

// The year 2255; the nanoseconds of wall_time end a little later.
constexpr std::int64_t last_moment = 9'000'000'000'000;
constexpr std::int64_t most_tries = 1'000'000;
constexpr std::int64_t longest_message = std::int64_t{1} << 40;

bool within(std::int64_t number, std::int64_t low, std::int64_t high) { return number >= low && number <= high; }

}  // namespace

std::int64_t from_time(async::wall_time time) noexcept {
    const auto count = std::chrono::floor<milliseconds>(time.time_since_epoch()).count();
    return std::clamp<std::int64_t>(count, 0, last_moment);
}

std::optional<async::wall_time> to_time(std::int64_t count) noexcept {
    if (!within(count, 0, last_moment)) return std::nullopt;
    return async::wall_time(milliseconds(count));
}

std::string_view from_ret(mail::dsn_return ret) noexcept {
    switch (ret) {
        case mail::dsn_return::unspecified: return "";
        case mail::dsn_return::full: return "FULL";
        case mail::dsn_return::headers: return "HDRS";
    }
    return "";
}

std::optional<mail::dsn_return> to_ret(std::string_view text) noexcept {
    if (text.empty()) return mail::dsn_return::unspecified;
    if (text == "FULL") return mail::dsn_return::full;
    if (text == "HDRS") return mail::dsn_return::headers;
    return std::nullopt;
}

std::optional<message_id> to_message_id(std::int64_t number) noexcept {
    if (!within(number, 1, last_message_id)) return std::nullopt;
    return message_id(static_cast<std::uint64_t>(number));
}

validated<envelope> to_envelope(envelope_columns row) {
    if (!to_message_id(row.id >> recipient_bits)) return {std::nullopt, "the id is out of range"};
    auto to = mail::mailbox::parse(row.forward_path);
    if (!to) return {std::nullopt, "the forward-path is no address"};
    const auto notify = mail::notify_from_text(row.notify);
    if (!notify) return {std::nullopt, "notify is not as in RFC 3461"};
    const auto expires = to_time(row.expires);
    if (!expires) return {std::nullopt, "expires is no possible time"};
    if (!within(row.tries, 0, most_tries)) return {std::nullopt, "tries is out of range"};
    if (!within(row.warnings, 0, most_tries)) return {std::nullopt, "warnings is out of range"};
    envelope made{
        .id = envelope_id(static_cast<std::uint64_t>(row.id)),
        .hop = {std::move(row.action), std::move(row.domain)},
        .recipient = {.address = *std::move(to), .notify = *notify, .original = std::move(row.orcpt)},
        .original = std::move(row.original),
        .user = std::move(row.user),
        .extension = std::move(row.extension),
        .target = std::move(row.target),
        .expires = *expires,
        .tries = static_cast<unsigned>(row.tries),
        .warnings = static_cast<unsigned>(row.warnings),
        .last = row.last.empty() ? mail::status() : mail::status::from_line(row.last),
    };
    return {std::move(made), {}};
}

validated<message> to_message(message_columns row) {
    const auto id = to_message_id(row.id);
    if (!id) return {std::nullopt, "the message's id is out of range"};
    auto from = mail::reverse_path::from_text(row.reverse_path);
    if (!from) return {std::nullopt, "the reverse-path is no address"};
    const auto arrived = to_time(row.arrived);
    if (!arrived) return {std::nullopt, "arrived is no possible time"};
    const auto ret = to_ret(row.ret);
    if (!ret) return {std::nullopt, "ret is not as in RFC 3461"};
    if (!within(row.size, 0, longest_message)) return {std::nullopt, "size is out of range"};
    if (row.file && !is_file_of(*id, *row.file)) return {std::nullopt, "the body file has not the name of its message"};
    message made{
        .id = *id,
        .sender = {.address = *std::move(from),
                   .eight_bit = row.body_8bitmime != 0,
                   .ret = *ret,
                   .envelope_id = std::move(row.envid),
                   .declared_size = std::nullopt},
        .arrived = *arrived,
        .size = static_cast<std::uint64_t>(row.size),
        .eight_bit = row.has_8bit != 0,
        .text = nullptr,
    };
    return {std::move(made), {}};
}

bool is_file_of(message_id id, std::string_view file) { return file == to_string(id); }

}  // namespace waypost::spool::sqlite::rows

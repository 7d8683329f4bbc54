#include "reply.hpp"

#include <ares.h>

#include <algorithm>
#include <optional>
#include <string>

#include "waypost/base/ascii.hpp"

namespace waypost::dns {

namespace {

/// Longer chains are loops or mistakes; name servers give up at about as many.
constexpr int max_aliases = 16;

constexpr unsigned internet = 1;

struct record {
    std::string owner;
    record_type type{};
    std::chrono::seconds ttl{0};
    data_range data;
};

struct message {
    unsigned flags = 0;
    std::string name;
    record_type type{};
    std::vector<record> answers;
    std::vector<record> authority;

    [[nodiscard]] bool is_response() const { return (flags & 0x8000U) != 0; }
    [[nodiscard]] bool truncated() const { return (flags & 0x0200U) != 0; }
    [[nodiscard]] bool authentic() const { return (flags & 0x0020U) != 0; }
    [[nodiscard]] unsigned code() const { return flags & 0x000fU; }
};

std::vector<record> read_records(reader& reader, unsigned count) {
    std::vector<record> list;
    for (unsigned i = 0; i < count && !reader.broken(); ++i) {
        record one;
        one.owner = reader.name();
        one.type = record_type{reader.u16()};
        const bool ours = reader.u16() == internet;
        const std::uint32_t ttl = reader.u32();
        one.ttl = std::chrono::seconds(ttl > 0x7fffffffU ? 0 : ttl);  // RFC 2181 section 8
        const std::size_t size = reader.u16();
        one.data = {reader.at(), reader.at() + size};
        reader.skip(size);
        if (ours) list.push_back(std::move(one));
    }
    return list;
}

/// Nothing if the bytes are no message with one question. The additional section is of no use to anybody here.
std::optional<message> read_message(const std::vector<unsigned char>& bytes) {
    reader from(bytes);
    message found;
    from.skip(2);  // the id: c-ares has compared it
    found.flags = from.u16();
    const unsigned questions = from.u16();
    const unsigned answers = from.u16();
    const unsigned authority = from.u16();
    from.skip(2);
    found.name = from.name();
    found.type = record_type{from.u16()};
    from.skip(2);
    found.answers = read_records(from, answers);
    found.authority = read_records(from, authority);
    if (from.broken() || questions != 1 || !found.is_response() || found.truncated()) return std::nullopt;
    return found;
}

reader data_of(const answer& answer, const record& record) {
    return reader(std::span(answer.message).first(record.data.end), record.data.begin);
}

/// RFC 2308 section 5: for how long a "no" may be believed. Without an SOA record it may not be kept.
std::optional<std::chrono::seconds> negative_ttl(const answer& answer, const message& message) {
    const auto soa = std::ranges::find(message.authority, record_type::soa, &record::type);
    if (soa == message.authority.end()) return std::chrono::seconds(0);
    reader data = data_of(answer, *soa);
    data.name();
    data.name();
    data.skip(4 * sizeof(std::uint32_t));
    const std::chrono::seconds minimum(data.u32());
    if (data.broken()) return std::nullopt;
    return std::min(soa->ttl, minimum);
}

/// The records at the end of the chain of aliases that begins with the name asked for. False: the answer is not one to
/// the question.
bool find_records(const answer& answer, const message& message, reply& reply) {
    std::string name = message.name;
    reply.ttl = std::chrono::seconds::max();
    for (int i = 0; i < max_aliases; ++i) {
        const record* alias = nullptr;
        for (const record& each : message.answers) {
            if (!base::iequals(each.owner, name)) continue;
            if (each.type == record_type::cname) alias = &each;
            if (each.type != message.type) continue;
            reply.records.push_back(each.data);
            reply.ttl = std::min(reply.ttl, each.ttl);
        }
        if (!reply.records.empty()) return true;
        // Records of somebody else, and none of ours, must not pass for "it has none".
        if (alias == nullptr) return i > 0 || message.answers.empty();
        reply.ttl = std::min(reply.ttl, alias->ttl);
        reader data = data_of(answer, *alias);
        name = data.name();
        if (data.broken()) return false;
    }
    return false;
}

/// A server that only knows whom else to ask has not answered; "no MX records" would send the mail elsewhere.
bool is_referral(const message& message) {
    const auto has = [&message](record_type type) {
        return std::ranges::find(message.authority, type, &record::type) != message.authority.end();
    };
    return message.answers.empty() && has(record_type::ns) && !has(record_type::soa);
}

reply refusal(errc error) { return {.refused = error, .records = {}}; }

reply read_message_of(const answer& answer, record_type type) {
    enum : std::uint8_t { no_error = 0, no_such_name = 3 };
    const auto said = read_message(answer.message);
    if (!said || said->type != type) return refusal(errc::malformed);
    if (said->code() != no_error && said->code() != no_such_name) return refusal(errc::unavailable);
    const bool exists = said->code() == no_error;
    if (exists && is_referral(*said)) return refusal(errc::unavailable);
    reply found;
    if (!find_records(answer, *said, found)) return refusal(errc::malformed);
    if (!exists) found = {.refused = errc::not_found, .records = {}, .ttl = found.ttl};
    if (found.records.empty()) {
        const auto ttl = negative_ttl(answer, *said);
        if (!ttl) return refusal(errc::malformed);
        found.ttl = std::min(found.ttl, *ttl);
    }
    found.authentic = said->authentic();
    return found;
}

}  // namespace

reply read_reply(const answer& answer, record_type type) {
    switch (answer.status) {
        case ARES_SUCCESS: return read_message_of(answer, type);
        // A name that cannot be written in a question exists nowhere.
        case ARES_EBADNAME: return refusal(errc::not_found);
        case ARES_EBADRESP: return refusal(errc::malformed);
        default: return refusal(errc::unavailable);
    }
}

}  // namespace waypost::dns

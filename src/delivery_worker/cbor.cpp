#include "cbor.hpp"

namespace waypost::delivery_worker {

namespace {

constexpr unsigned octet_string = 2;
constexpr unsigned array = 4;
// RFC 8949 section 3: up to 23 the argument stands in the first octet; 24 to 27 say that 1, 2, 4 or 8 octets follow.
constexpr unsigned one_octet_follows = 24;
constexpr unsigned eight_octets_follow = 27;

}  // namespace

void cbor_writer::head(unsigned major, std::uint64_t argument) {
    const bool is_short = argument < one_octet_follows;
    octets_ += static_cast<char>(major << 5U | (is_short ? argument : eight_octets_follow));
    if (is_short) return;
    for (int shift = 56; shift >= 0; shift -= 8) octets_ += static_cast<char>(argument >> static_cast<unsigned>(shift));
}

void cbor_writer::operator()(std::string_view value) {
    head(octet_string, value.size());
    octets_ += value;
}

void cbor_writer::operator()(const std::vector<std::string>& values) {
    head(array, values.size());
    for (const std::string& each : values) (*this)(each);
}

std::optional<std::uint64_t> cbor_reader::head(unsigned major) {
    if (failed_ || rest_.empty()) return {};
    const auto first = static_cast<unsigned char>(rest_.front());
    const unsigned info = first & 0x1fU;
    if (first >> 5U != major || info > eight_octets_follow) return {};
    const std::size_t following = info < one_octet_follows ? 0 : std::size_t{1} << (info - one_octet_follows);
    if (rest_.size() - 1 < following) return {};
    std::uint64_t value = following == 0 ? info : 0;
    for (const char c : rest_.substr(1, following)) value = value << 8U | static_cast<unsigned char>(c);
    rest_.remove_prefix(1 + following);
    return value;
}

void cbor_reader::operator()(bool& value) {
    if (failed_ || (!rest_.starts_with('\xf4') && !rest_.starts_with('\xf5'))) {
        failed_ = true;
        return;
    }
    value = rest_.front() == '\xf5';
    rest_.remove_prefix(1);
}

void cbor_reader::operator()(std::string& value) {
    const auto size = head(octet_string);
    if (!size || *size > rest_.size()) {
        failed_ = true;
        return;
    }
    value = rest_.substr(0, *size);
    rest_.remove_prefix(*size);
}

void cbor_reader::operator()(std::vector<std::string>& value) {
    const auto count = head(array);
    // Every item has an octet at least, so a count that lies costs no memory.
    if (!count || *count > rest_.size()) {
        failed_ = true;
        return;
    }
    value.clear();
    for (std::uint64_t i = 0; i < *count && !failed_; ++i) (*this)(value.emplace_back());
}

void cbor_reader::operator()(std::chrono::seconds& into) {
    constexpr std::uint64_t a_year = 366ULL * 86400;
    std::uint64_t value = 0;
    number(value, a_year);
    into = std::chrono::seconds(value);
}

}  // namespace waypost::delivery_worker

#include "job.hpp"

#include "cbor.hpp"

namespace waypost::delivery {

namespace {

/// The fields in their order, for both directions.
void fields_of(auto& each, auto& of) {
    each(of.what);
    each(of.path);
    each(of.home);
    each(of.name);
    each(of.extension);
    each(of.junk);
    each(of.may_be_repeat);
    each(of.head);
    each(of.sender);
    each(of.arguments);
    each(of.environment);
    each(of.time);
    each(of.most);
    each(of.is_forward);
    each(of.size);
}

}  // namespace

std::string encode(const job& what) {
    cbor_writer out;
    fields_of(out, what);
    return out.take();
}

std::string encode(const job_answer& what) {
    cbor_writer out;
    out(what.said.line());
    out(what.is_there);
    out(what.size);
    return out.take();
}

std::optional<job> decode_job(std::string_view octets) {
    job what;
    cbor_reader in(octets);
    fields_of(in, what);
    if (!in.is_complete() || what.what > job::kind::read) return {};
    return what;
}

std::optional<job_answer> decode_answer(std::string_view octets) {
    job_answer what;
    std::string line;
    cbor_reader in(octets);
    in(line);
    in(what.is_there);
    in(what.size);
    if (!in.is_complete()) return {};
    what.said = mail::status::from_line(line);
    return what;
}

std::string frame_of(std::string_view inside) {
    std::string frame;
    frame.reserve(4 + inside.size());
    for (unsigned shift = 32; shift > 0;) frame += static_cast<char>(inside.size() >> (shift -= 8));
    frame += inside;
    return frame;
}

std::optional<std::size_t> frame_size(std::string_view length) {
    std::size_t size = 0;
    for (const char c : length) size = size << 8U | static_cast<unsigned char>(c);
    if (length.size() != 4 || size > largest_frame) return {};
    return size;
}

}  // namespace waypost::delivery

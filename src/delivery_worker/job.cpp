#include "waypost/delivery_worker/job.hpp"

#include "cbor.hpp"

namespace waypost::delivery_worker {

namespace {

/// The fields in their order, for both directions.
void fields_of(auto& entry, auto& object) {
    entry(object.operation);
    entry(object.path);
    entry(object.home);
    entry(object.name);
    entry(object.extension);
    entry(object.junk);
    entry(object.may_be_repeat);
    entry(object.head);
    entry(object.sender);
    entry(object.arguments);
    entry(object.environment);
    entry(object.time);
    entry(object.most);
    entry(object.is_forward);
    entry(object.size);
}

}  // namespace

std::string encode(const job& job) {
    cbor_writer out;
    fields_of(out, job);
    return out.take();
}

std::string encode(const job_answer& answer) {
    cbor_writer out;
    out(answer.status.result());
    out(answer.status.enhanced());
    out(answer.status.text());
    out(answer.is_there);
    out(answer.size);
    return out.take();
}

std::optional<job> decode_job(std::string_view octets) {
    job what;
    cbor_reader in(octets);
    fields_of(in, what);
    if (!in.is_complete() || what.operation > job::kind::read) return {};
    return what;
}

std::optional<job_answer> decode_answer(std::string_view octets) {
    job_answer what;
    auto result = job_status::kind::success;
    std::string enhanced;
    std::string text;
    cbor_reader in(octets);
    in(result);
    in(enhanced);
    in(text);
    in(what.is_there);
    in(what.size);
    if (!in.is_complete() || result > job_status::kind::permanent) return {};
    what.status = job_status(result, std::move(enhanced), std::move(text));
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

}  // namespace waypost::delivery_worker

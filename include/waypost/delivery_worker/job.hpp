// What a delivery worker is asked to do, and what it answers: the protocol between the daemon and the process that acts
// under a user's identity.
//
//     request = frame of a job, then `size` octets of content
//     answer  = frame of an answer, then `size` octets of content
//     frame   = 4 octets of length (big-endian, at most 1 MiB), then so many octets of CBOR
//
// One job at a time; the connection's end is the delivery worker's. The other side is believed nothing: a delivery
// worker runs under the user's identity, so its answers are the user's to forge, about his own mail.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace waypost::delivery_worker {

struct identity {
    unsigned uid = 0;
    unsigned gid = 0;
    friend auto operator<=>(const identity&, const identity&) = default;
};

struct job {
    enum class kind : std::uint8_t {
        maildir,  // `path` is the Maildir
        mbox,  // `path` is the mailbox, which is made if it is missing
        run,  // `arguments`, with the content on standard input; in `path` where `home` cannot be entered
        read,  // `path`, a file of at most `most` octets, which comes back
    };
    kind operation = kind::maildir;
    std::string path;
    std::string home;  // working directory of a command; of a .forward, where the checks of modes begin
    std::string name;  // maildir: of the file
    std::string extension;  // maildir: into its folder .extension if there is one
    bool junk = false;  // maildir: into .Junk what is marked as spam
    bool may_be_repeat = false;  // maildir: the mail may be there already, read and renamed even
    std::string head;  // fields in front of the content, with CRLF
    std::string sender;  // mbox: of its "From " line; empty for the null reverse-path
    std::vector<std::string> arguments;
    std::vector<std::string> environment;  // NAME=value
    std::chrono::seconds time{300};  // for a command
    std::uint64_t most = 0;
    bool is_forward = false;  // read: with the checks of a .forward, and "not there" is no fault
    std::uint64_t size = 0;  // octets of content that follow
};

/// What became of a job: for the mail that it was about, as RFC 3463 has it. The daemon makes a status of it.
class job_status {
public:
    enum class kind : std::uint8_t { success, transient, permanent };

    job_status() = default;
    job_status(kind result, std::string enhanced, std::string text)
        : result_(result), enhanced_(std::move(enhanced)), text_(std::move(text)) {}
    // `enhanced` is an enhanced status code, "c.s.d".
    [[nodiscard]] static job_status success(std::string enhanced, std::string text) {
        return {kind::success, std::move(enhanced), std::move(text)};
    }
    [[nodiscard]] static job_status transient(std::string enhanced, std::string text) {
        return {kind::transient, std::move(enhanced), std::move(text)};
    }
    [[nodiscard]] static job_status permanent(std::string enhanced, std::string text) {
        return {kind::permanent, std::move(enhanced), std::move(text)};
    }

    [[nodiscard]] kind result() const noexcept { return result_; }
    [[nodiscard]] bool is_success() const noexcept { return result_ == kind::success; }
    [[nodiscard]] bool is_transient() const noexcept { return result_ == kind::transient; }
    [[nodiscard]] bool is_permanent() const noexcept { return result_ == kind::permanent; }
    [[nodiscard]] const std::string& enhanced() const noexcept { return enhanced_; }
    [[nodiscard]] const std::string& text() const noexcept { return text_; }
    friend bool operator==(const job_status&, const job_status&) = default;

private:
    kind result_ = kind::success;
    std::string enhanced_;
    std::string text_;
};

struct job_answer {
    job_status status;
    bool is_there = true;  // read: false where there is no such .forward
    std::uint64_t size = 0;  // read: octets of content that follow
};

constexpr std::size_t largest_frame = 1U << 20;

/// The frame's inside, without its length.
[[nodiscard]] std::string encode(const job& job);
[[nodiscard]] std::string encode(const job_answer& answer);
/// Nothing where the octets are not such a frame.
[[nodiscard]] std::optional<job> decode_job(std::string_view octets);
[[nodiscard]] std::optional<job_answer> decode_answer(std::string_view octets);

/// With its length in front.
[[nodiscard]] std::string frame_of(std::string_view inside);
/// What four octets of length say; nothing where that is more than a frame may have.
[[nodiscard]] std::optional<std::size_t> frame_size(std::string_view length);

}  // namespace waypost::delivery_worker

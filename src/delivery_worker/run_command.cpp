// A command takes the mail on its standard input. It may be slow, silent, talkative or dead: it is fed and listened to
// at once, and for no longer than its time.
#include <poll.h>
#include <sysexits.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

#include "jobs.hpp"
#include "last_line.hpp"
#include "piped_command.hpp"
#include "waypost/process/io.hpp"

namespace waypost::delivery_worker {

namespace {

using steady = std::chrono::steady_clock;

class conversation {
public:
    conversation(piped_command& program, std::string head, job_content& content)
        : program_(program), content_(content), head_(std::move(head)), pending_(head_) {}

    enum class end { exited, too_late, connection_lost };
    end run_until(steady::time_point deadline);
    [[nodiscard]] const last_line& said() const noexcept { return last_line_; }
    /// What is there to be read, without waiting: whoever else has the pipe may keep it open.
    void listen();

private:
    /// False where the connection broke.
    bool fetch();
    void feed();

    piped_command& program_;
    job_content& content_;
    std::string head_;
    std::string_view pending_;  // taken from the content, not yet given to the command
    last_line last_line_;
};

conversation::end conversation::run_until(steady::time_point deadline) {
    for (;;) {
        if (program_.input && pending_.empty() && content_.at_end()) program_.input.close();
        const bool may_fetch = program_.input && pending_.empty();
        pollfd watched[] = {
            {program_.pidfd(), POLLIN, 0},
            {program_.output.get(), POLLIN, 0},
            {pending_.empty() ? -1 : program_.input.get(), POLLOUT, 0},
            {content_.connection(), static_cast<short>(may_fetch ? POLLIN | POLLRDHUP : POLLRDHUP), 0},
        };
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - steady::now()).count();
        if (left <= 0) return end::too_late;
        if (::poll(watched, std::size(watched), static_cast<int>(std::min<long long>(left, 60'000))) < 0) continue;
        if (watched[0].revents != 0) return end::exited;
        if (watched[1].revents != 0) listen();
        if (watched[2].revents != 0) feed();
        // The daemon is gone, or has given this mail up: it will come again.
        if ((watched[3].revents & (POLLRDHUP | POLLERR)) != 0) return end::connection_lost;
        if ((watched[3].revents & POLLIN) != 0 && !fetch()) return end::connection_lost;
    }
}

bool conversation::fetch() {
    const auto piece = content_.next();
    if (piece.has_error()) return false;
    pending_ = *piece;
    return true;
}

void conversation::feed() {
    const ssize_t taken = ::write(program_.input.get(), pending_.data(), pending_.size());
    if (taken >= 0) {
        pending_.remove_prefix(static_cast<std::size_t>(taken));
    } else if (errno != EAGAIN && errno != EINTR) {
        // It has read what it wanted, which is no fault; what it makes of it its exit code says.
        pending_ = {};
        program_.input.close();
    }
}

void conversation::listen() {
    // No more than a pipe holds, so that a command that never stops talking is not listened to for ever.
    constexpr int pieces = 16;
    char piece[4096];
    for (int i = 0; i < pieces && program_.output; ++i) {
        const auto got = process::read_some(program_.output.get(), piece);
        if (got.has_error() && got.error() == boost::system::errc::resource_unavailable_try_again) return;
        if (got.has_error() || *got == 0) return program_.output.close();
        last_line_.add({piece, *got});
    }
}

struct workplace {
    std::string directory;
    base::error_code failed = {};
};

/// The home, or what the job says instead where that cannot be entered.
workplace workplace_of(const job& job) {
    // Behind a slash and a dot the system asks whether one may pass, not only whether there is one.
    if (!job.home.empty() && ::access((job.home + "/.").c_str(), X_OK) == 0) return {job.home};
    const base::error_code failed =
        job.home.empty() ? base::error_code(ENOENT, boost::system::system_category()) : process::last_error();
    if (job.path.empty()) return {job.home, failed};
    return {job.path};
}

/// What a failure for good is about, by the codes of <sysexits.h>.
std::string meaning_of(int code) {
    switch (code) {
        case EX_NOUSER: return "5.1.1";
        case EX_NOPERM: return "5.7.0";
        case EX_CONFIG: return "5.3.5";
        default: return "5.3.0";
    }
}

job_status verdict(const process::ending& ended, const std::string& reply) {
    const int code = ended.number;
    if (ended.by_signal) return job_status::transient("4.3.0", "Command ended by signal " + std::to_string(code));
    if (code == EX_OK) return job_status::success("2.0.0", "Delivered to command");
    const std::string text = reply.empty() ? "Command failed with exit code " + std::to_string(code) : reply;
    // What a shell says of a program that it could not run: the administrator's fault or the user's, which can be
    // mended.
    constexpr int not_executable = 126, not_found = 127;
    if (code == EX_OSERR || code == EX_TEMPFAIL || code == not_executable || code == not_found)
        return job_status::transient("4.3.0", text);
    return job_status::permanent(meaning_of(code), text);
}

}  // namespace

job_status run_command(const job& job, job_content& content) {
    const workplace place = workplace_of(job);
    if (place.failed) return mailbox_trouble("Cannot enter the home " + job.home, place.failed);
    auto child = piped_command::start(job.arguments, job.environment, place.directory);
    if (child.has_error()) {
        const std::string name = job.arguments.empty() ? "" : job.arguments.front();
        return job_status::transient("4.3.5", "Cannot run " + name + ": " + child.error().message());
    }
    conversation talk(*child, with_native_line_ends(job.head), content);
    const auto end = talk.run_until(steady::now() + job.time);
    const process::ending ended = child->kill_and_wait();
    talk.listen();
    switch (end) {
        case conversation::end::exited: return verdict(ended, talk.said().text());
        case conversation::end::too_late:
            return job_status::transient("4.3.0",
                                         "Command took longer than " + std::to_string(job.time.count()) + " s");
        case conversation::end::connection_lost: break;
    }
    return content_lost();
}

}  // namespace waypost::delivery_worker

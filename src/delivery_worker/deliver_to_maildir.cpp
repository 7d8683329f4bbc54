#include <algorithm>

#include "jobs.hpp"
#include "maildir.hpp"
#include "waypost/base/ascii.hpp"

namespace waypost::delivery_worker {

namespace {

/// The name of a header field; empty if the line begins none.
std::string_view name_of_field(std::string_view line) {
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return {};
    const std::string_view name = base::trim(line.substr(0, colon));
    const auto is_text = [](char c) { return c > ' ' && c < 127; };  // RFC 5322 section 3.6.8: ftext
    return line.starts_with(name) && std::ranges::all_of(name, is_text) ? name : std::string_view();
}

bool is_spam_mark(std::string_view name, std::string_view value) {
    const bool is_mark = base::iequals(name, "X-Spam") || base::iequals(name, "X-Spam-Flag");
    return is_mark && base::iequals(base::trim(value), "yes");
}

/// A filter says so in one of two fields, each on one line. `header` has the line ends of a mailbox.
bool is_spam(std::string_view header) {
    const auto is_folded = [](std::string_view line) { return !line.empty() && base::is_blank(line.front()); };
    const std::vector<std::string_view> lines = base::split(header, '\n');
    bool is_first = true;  // what a mailbox puts in front may be there
    for (std::size_t i = 0; i < lines.size(); ++i) {
        const std::string_view name = name_of_field(lines[i]);
        const bool is_separator = is_first && (lines[i].starts_with("From ") || lines[i].starts_with(">From "));
        if (name.empty() && is_separator) continue;
        if (!is_first && is_folded(lines[i])) continue;
        is_first = false;
        if (name.empty()) return false;
        const bool goes_on = i + 1 < lines.size() && is_folded(lines[i + 1]);
        if (!goes_on && is_spam_mark(name, lines[i].substr(lines[i].find(':') + 1))) return true;
    }
    return false;
}

base::result<std::string> folder_of(const job& job, job_content& content) {
    constexpr std::size_t longest_header = 65536;  // any mark stands before that, and this much is held in memory
    if (job.junk) {
        const auto header = content.peek_header(longest_header);
        if (header.has_error()) return header.error();
        if (is_spam(*header)) return job.path + "/.Junk";
    }
    return folder_for(job.path, job.extension);
}

/// Under its name, which the same mail of an earlier try may have. A name that something else has is left to that: the
/// mail gets another, which is the same each time, so that it too is known again.
job_status place(const job& job, const std::string& folder, maildir_file& file) {
    constexpr unsigned most_names = 10;
    for (unsigned n = 1; n <= most_names; ++n) {
        const std::string name = n == 1 ? job.name : job.name + "_" + std::to_string(n);
        if (job.may_be_repeat && has_message(folder, name, file.size()))
            return job_status::success("2.0.0", "Delivered to Maildir before");
        const auto placed = file.commit(name);
        if (placed.has_error()) return mailbox_trouble("Cannot write to the Maildir " + folder, placed.error());
        if (*placed == placing::moved) return job_status::success("2.0.0", "Delivered to Maildir");
    }
    return job_status::transient("4.2.0", "Other files have the name of this mail in the Maildir " + folder);
}

}  // namespace

job_status deliver_to_maildir(const job& job, job_content& content) {
    if (job.path.empty() || job.name.empty() || job.name.find('/') != std::string::npos)
        return job_status::transient("4.3.5", "No name for a Maildir or its file");
    const auto folder = folder_of(job, content);
    if (folder.has_error()) return content_lost();
    const auto refused = [&](const base::error_code& error) {
        return mailbox_trouble("Cannot write to the Maildir " + *folder, error);
    };
    auto file = maildir_file::create(*folder, job.name);
    if (file.has_error()) return refused(file.error());
    // Head and first piece are one write, which a usual mail is.
    std::string text = with_native_line_ends(job.head);
    while (!content.at_end()) {
        const auto piece = content.next();
        if (piece.has_error()) return content_lost();
        text += *piece;
        if (content.at_end()) break;
        if (auto written = file->append(text); written.has_error()) return refused(written.error());
        text.clear();
    }
    if (auto written = file->append(text); written.has_error()) return refused(written.error());
    return place(job, *folder, *file);
}

}  // namespace waypost::delivery_worker

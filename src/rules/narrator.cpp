#include "narrator.hpp"

namespace waypost::rules {

void narrator::answered(const branch& branch, const rule* rule) {
    if (trace_ != nullptr && branch.depth == 0) trace_->matched(rule);
}

void narrator::matched(const branch& branch) {
    if (trace_ == nullptr) return;
    const source_line& where = branch.rule->line;
    became(branch,
           "action \"" + branch.rule->outcome->name + "\" (" + where.file + ":" + std::to_string(where.line) + ")");
}

void narrator::ends(const branch& branch, const destination& destination, char tag_delimiter) {
    if (trace_ == nullptr) return;
    const std::string as = destination.user.empty() ? "" : ", as " + destination.user;
    if (destination.action->is_relay()) {
        became(branch, "relayed");
    } else if (destination.target.starts_with('|')) {
        became(branch, "a command" + as);
    } else if (destination.target.starts_with('/')) {
        became(branch, "a file" + as);
    } else {
        became(branch, "the mailbox of " + destination.user +
                           (destination.extension.empty() ? "" : tag_delimiter + destination.extension));
    }
}

void narrator::failed(const branch& branch, const mail::status& reason, const base::error_code& detail) {
    if (trace_ == nullptr) return;
    became(branch, reason.line() + (detail ? " (" + detail.message() + ")" : ""));
}

}  // namespace waypost::rules

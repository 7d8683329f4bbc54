#include "narrator.hpp"

namespace waypost::rules {

void narrator::answered(const branch& what, const rule* by) {
    if (told_ != nullptr && what.depth == 0) told_->matched(by);
}

void narrator::matched(const branch& what) {
    if (told_ == nullptr) return;
    const source_line& where = what.by->where;
    became(what, "action \"" + what.by->then->name + "\" (" + where.file + ":" + std::to_string(where.line) + ")");
}

void narrator::ends(const branch& what, const destination& at, char tag_delimiter) {
    if (told_ == nullptr) return;
    const std::string as = at.user.empty() ? "" : ", as " + at.user;
    if (at.by->is_relay()) {
        became(what, "relayed");
    } else if (at.target.starts_with('|')) {
        became(what, "a command" + as);
    } else if (at.target.starts_with('/')) {
        became(what, "a file" + as);
    } else {
        became(what, "the mailbox of " + at.user + (at.extension.empty() ? "" : tag_delimiter + at.extension));
    }
}

void narrator::failed(const branch& what, const mail::status& why, const base::error_code& detail) {
    if (told_ == nullptr) return;
    became(what, why.line() + (detail ? " (" + detail.message() + ")" : ""));
}

}  // namespace waypost::rules

#include "tracer.hpp"

namespace waypost::rules {

void tracer::answered(const pending_node& pending_node, const rule* rule) {
    if (trace_ != nullptr && pending_node.depth == 0) trace_->matched(rule);
}

void tracer::matched(const pending_node& pending_node) {
    if (trace_ == nullptr) return;
    const source_line& where = pending_node.rule->line;
    became(pending_node, "action \"" + pending_node.rule->outcome->name + "\" (" + where.file + ":" +
                             std::to_string(where.line) + ")");
}

void tracer::ends(const pending_node& pending_node, const resolved_recipient& resolved_recipient, char tag_delimiter) {
    if (trace_ == nullptr) return;
    const std::string as = resolved_recipient.user.empty() ? "" : ", as " + resolved_recipient.user;
    if (resolved_recipient.action->is_relay()) {
        became(pending_node, "relayed");
    } else if (resolved_recipient.target.starts_with('|')) {
        became(pending_node, "a command" + as);
    } else if (resolved_recipient.target.starts_with('/')) {
        became(pending_node, "a file" + as);
    } else {
        became(pending_node,
               "the mailbox of " + resolved_recipient.user +
                   (resolved_recipient.extension.empty() ? "" : tag_delimiter + resolved_recipient.extension));
    }
}

void tracer::failed(const pending_node& pending_node, const mail::status& reason, const base::error_code& detail) {
    if (trace_ == nullptr) return;
    became(pending_node, reason.line() + (detail ? " (" + detail.message() + ")" : ""));
}

}  // namespace waypost::rules

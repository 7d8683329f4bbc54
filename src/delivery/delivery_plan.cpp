#include "delivery_plan.hpp"

#include <utility>

namespace waypost::delivery {

namespace {

using answer = std::variant<job, mail::status>;

// That of OpenSMTPD's: what a command finds is the system's, never what the daemon was started with.
constexpr std::string_view path_of_commands = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

mail::status to_be_mended(std::string_view text) { return mail::status::transient("4.3.5", text); }

mail::mailbox as_given(const spool::envelope& envelope) {
    if (auto given = mail::mailbox::parse(envelope.original)) return std::move(*given);
    return envelope.recipient.address;
}

format_values values_of(const delivery_facts& envelope_context) {
    return {.sender = envelope_context.message.sender.address,
            .rcpt = as_given(envelope_context.envelope),
            .dest = envelope_context.envelope.recipient.address,
            .username = envelope_context.user.name,
            .directory = envelope_context.user.home,
            .tag_delimiter = envelope_context.settings.tag_delimiter};
}

/// What does not begin at the root begins in the home, which may be the root itself.
std::string in_home(std::string path, const delivery_facts& envelope_context) {
    if (path.starts_with('/')) return path;
    return envelope_context.user.home + (envelope_context.user.home.ends_with('/') ? "" : "/") + path;
}

answer maildir_job(const delivery_facts& envelope_context) {
    job made;
    made.operation = job::kind::maildir;
    made.path = in_home("Maildir", envelope_context);
    if (const auto& wanted = envelope_context.action.maildir) {
        auto path = wanted->expand_path(values_of(envelope_context));
        if (path.has_error()) return to_be_mended("Path of the Maildir: " + path.error().message());
        made.path = in_home(std::move(*path), envelope_context);
    }
    // No other delivery ever has this name: the queue's is random, and its ids are used once. The host is for people.
    constexpr std::size_t longest_host = 150;
    made.name = spool::to_string(envelope_context.envelope.id) + "." + envelope_context.settings.queue + "." +
                envelope_context.settings.host.substr(0, longest_host);
    made.extension = envelope_context.envelope.extension;
    made.junk = envelope_context.action.junk;
    return made;
}

answer mbox_job(const delivery_facts& envelope_context, std::string path) {
    job made;
    made.operation = job::kind::mbox;
    made.path = std::move(path);
    made.sender = envelope_context.message.sender.address.text();
    return made;
}

answer mailbox_job(const delivery_facts& envelope_context) {
    const std::string& name = envelope_context.user.name;
    // Of a user base that answers to any name, perhaps.
    if (name.empty() || name.starts_with('.') || name.find_first_of(std::string_view("/\0", 2)) != std::string::npos)
        return to_be_mended("The user's name is none that a mailbox can have");
    return mbox_job(envelope_context, envelope_context.settings.mail_spool + "/" + name);
}

/// Users who have none by intent: no mount brings it.
bool has_no_home(const table::userinfo::value& user) { return user.home.empty() || user.home == "/nonexistent"; }

answer command_job(const delivery_facts& envelope_context, const command& which) {
    auto arguments = which.arguments(values_of(envelope_context));
    if (arguments.has_error()) return to_be_mended("The command: " + arguments.error().message());
    const mail::mailbox& to = envelope_context.envelope.recipient.address;
    job made;
    made.operation = job::kind::run;
    made.arguments = std::move(arguments.value());
    made.environment = {std::string(path_of_commands),
                        "DOMAIN=" + to.host.text(),
                        "EXTENSION=" + envelope_context.envelope.extension,
                        "HOME=" + envelope_context.user.home,
                        "LOCAL=" + to.local.value(),
                        "LOGNAME=" + envelope_context.user.name,
                        "ORIGINAL_RECIPIENT=" + as_given(envelope_context.envelope).text(),
                        "RECIPIENT=" + to.text(),
                        "SENDER=" + envelope_context.message.sender.address.text(),
                        "SHELL=/bin/sh",
                        "USER=" + envelope_context.user.name};
    made.time = envelope_context.settings.command_time;
    // A person's home that is not there is perhaps not mounted, and the mail waits for it; where they have none, or for
    // a role, whose home need not exist, the command works in the root.
    const bool is_a_persons = envelope_context.action.user.empty() && !envelope_context.envelope.user.empty();
    if (!is_a_persons || has_no_home(envelope_context.user)) made.path = "/";
    return made;
}

answer target_job(const delivery_facts& envelope_context) {
    const std::string& target = envelope_context.envelope.target;
    if (target.starts_with('/')) return mbox_job(envelope_context, target);
    if (!target.starts_with('|')) return to_be_mended("The alias names no place that mail can go to");
    const auto parsed = command::parse_plain(std::string_view(target).substr(1));
    if (const auto* fault = std::get_if<format_fault>(&parsed)) return to_be_mended("The command: " + fault->text);
    return command_job(envelope_context, std::get<command>(parsed));
}

answer job_of(const delivery_facts& envelope_context) {
    if (!envelope_context.envelope.target.empty()) return target_job(envelope_context);
    switch (envelope_context.action.by) {
        case action_settings::method::mbox: return mailbox_job(envelope_context);
        case action_settings::method::maildir: return maildir_job(envelope_context);
        case action_settings::method::command:
            return envelope_context.action.mda ? command_job(envelope_context, *envelope_context.action.mda)
                                               : to_be_mended("The action has no command");
        case action_settings::method::only_targets: break;
    }
    return mail::status::of(450, "4.2.0", "The user has no mailbox here, and no .forward");
}

}  // namespace

std::variant<delivery_plan, mail::status> plan_of(const delivery_facts& envelope_context) {
    auto who = envelope_context.self.identity_of(envelope_context.user);
    if (!who) return to_be_mended("Not running as user " + envelope_context.user.name + ", cannot deliver to him");
    auto found = job_of(envelope_context);
    if (const auto* refused = std::get_if<mail::status>(&found)) return *refused;
    auto& what = std::get<job>(found);

    if (what.operation == job::kind::run && who->uid == 0) return to_be_mended("Nothing is run as root");
    const bool in_spool = what.operation == job::kind::mbox && envelope_context.envelope.target.empty();
    // So that he can make his lock and his mailbox there, as the system's own programs do.
    if (in_spool && envelope_context.self.is_root() && envelope_context.spool_group)
        who->gid = *envelope_context.spool_group;
    what.home = envelope_context.user.home;
    what.head = "Return-Path: <" + envelope_context.message.sender.address.text() +
                ">\r\nDelivered-To: " + envelope_context.envelope.recipient.address.text() + "\r\n";
    // A delivery worker that did not live to say so may have delivered it, or that of a daemon that did not. Looking
    // for it costs the more the fuller the mailbox, so other mail is spared that.
    what.may_be_repeat =
        envelope_context.envelope.tries > 0 || envelope_context.message.id < envelope_context.settings.first_new_id;
    return delivery_plan{*who, std::move(what)};
}

}  // namespace waypost::delivery

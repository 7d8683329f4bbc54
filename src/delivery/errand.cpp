#include "errand.hpp"

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

format_values values_of(const errand_facts& facts) {
    return {.sender = facts.message.sender.address,
            .rcpt = as_given(facts.envelope),
            .dest = facts.envelope.recipient.address,
            .username = facts.user.name,
            .directory = facts.user.home,
            .tag_delimiter = facts.settings.tag_delimiter};
}

/// What does not begin at the root begins in the home, which may be the root itself.
std::string in_home(std::string path, const errand_facts& facts) {
    if (path.starts_with('/')) return path;
    return facts.user.home + (facts.user.home.ends_with('/') ? "" : "/") + path;
}

answer maildir_job(const errand_facts& facts) {
    job made;
    made.operation = job::kind::maildir;
    made.path = in_home("Maildir", facts);
    if (const auto& wanted = facts.action.maildir) {
        auto path = wanted->expand_path(values_of(facts));
        if (path.has_error()) return to_be_mended("Path of the Maildir: " + path.error().message());
        made.path = in_home(std::move(*path), facts);
    }
    // No other delivery ever has this name: the queue's is random, and its ids are used once. The host is for people.
    constexpr std::size_t longest_host = 150;
    made.name = spool::to_string(facts.envelope.id) + "." + facts.settings.queue + "." +
                facts.settings.host.substr(0, longest_host);
    made.extension = facts.envelope.extension;
    made.junk = facts.action.junk;
    return made;
}

answer mbox_job(const errand_facts& facts, std::string path) {
    job made;
    made.operation = job::kind::mbox;
    made.path = std::move(path);
    made.sender = facts.message.sender.address.text();
    return made;
}

answer mailbox_job(const errand_facts& facts) {
    const std::string& name = facts.user.name;
    // Of a user base that answers to any name, perhaps.
    if (name.empty() || name.starts_with('.') || name.find_first_of(std::string_view("/\0", 2)) != std::string::npos)
        return to_be_mended("The user's name is none that a mailbox can have");
    return mbox_job(facts, facts.settings.mail_spool + "/" + name);
}

/// Users who have none by intent: no mount brings it.
bool has_no_home(const table::userinfo::value& user) { return user.home.empty() || user.home == "/nonexistent"; }

answer command_job(const errand_facts& facts, const command& which) {
    auto arguments = which.arguments(values_of(facts));
    if (arguments.has_error()) return to_be_mended("The command: " + arguments.error().message());
    const mail::mailbox& to = facts.envelope.recipient.address;
    job made;
    made.operation = job::kind::run;
    made.arguments = std::move(arguments.value());
    made.environment = {std::string(path_of_commands),
                        "DOMAIN=" + to.host.text(),
                        "EXTENSION=" + facts.envelope.extension,
                        "HOME=" + facts.user.home,
                        "LOCAL=" + to.local.value(),
                        "LOGNAME=" + facts.user.name,
                        "ORIGINAL_RECIPIENT=" + as_given(facts.envelope).text(),
                        "RECIPIENT=" + to.text(),
                        "SENDER=" + facts.message.sender.address.text(),
                        "SHELL=/bin/sh",
                        "USER=" + facts.user.name};
    made.time = facts.settings.command_time;
    // A person's home that is not there is perhaps not mounted, and the mail waits for it; where they have none, or for
    // a role, whose home need not exist, the command works in the root.
    const bool is_a_persons = facts.action.user.empty() && !facts.envelope.user.empty();
    if (!is_a_persons || has_no_home(facts.user)) made.path = "/";
    return made;
}

answer target_job(const errand_facts& facts) {
    const std::string& target = facts.envelope.target;
    if (target.starts_with('/')) return mbox_job(facts, target);
    if (!target.starts_with('|')) return to_be_mended("The alias names no place that mail can go to");
    const auto parsed = command::parse_plain(std::string_view(target).substr(1));
    if (const auto* fault = std::get_if<format_fault>(&parsed)) return to_be_mended("The command: " + fault->text);
    return command_job(facts, std::get<command>(parsed));
}

answer job_of(const errand_facts& facts) {
    if (!facts.envelope.target.empty()) return target_job(facts);
    switch (facts.action.by) {
        case action_settings::method::mbox: return mailbox_job(facts);
        case action_settings::method::maildir: return maildir_job(facts);
        case action_settings::method::command:
            return facts.action.mda ? command_job(facts, *facts.action.mda) : to_be_mended("The action has no command");
        case action_settings::method::only_targets: break;
    }
    return mail::status::of(450, "4.2.0", "The user has no mailbox here, and no .forward");
}

}  // namespace

std::variant<errand, mail::status> errand_of(const errand_facts& facts) {
    auto who = facts.self.identity_of(facts.user);
    if (!who) return to_be_mended("Not running as user " + facts.user.name + ", cannot deliver to him");
    auto found = job_of(facts);
    if (const auto* refused = std::get_if<mail::status>(&found)) return *refused;
    auto& what = std::get<job>(found);

    if (what.operation == job::kind::run && who->uid == 0) return to_be_mended("Nothing is run as root");
    const bool in_spool = what.operation == job::kind::mbox && facts.envelope.target.empty();
    // So that he can make his lock and his mailbox there, as the system's own programs do.
    if (in_spool && facts.self.is_root() && facts.spool_group) who->gid = *facts.spool_group;
    what.home = facts.user.home;
    what.head = "Return-Path: <" + facts.message.sender.address.text() +
                ">\r\nDelivered-To: " + facts.envelope.recipient.address.text() + "\r\n";
    // A deputy that did not live to say so may have delivered it, or that of a daemon that did not. Looking for it
    // costs the more the fuller the mailbox, so other mail is spared that.
    what.may_be_repeat = facts.envelope.tries > 0 || facts.message.id < facts.settings.first_new_id;
    return errand{*who, std::move(what)};
}

}  // namespace waypost::delivery

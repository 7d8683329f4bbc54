#include "errand.hpp"

#include <utility>

namespace waypost::delivery {

namespace {

using answer = std::variant<job, mail::status>;

// That of OpenSMTPD's: what a command finds is the system's, never what the daemon was started with.
constexpr std::string_view path_of_commands = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

mail::status to_be_mended(std::string_view what) { return mail::status::transient("4.3.5", what); }

mail::mailbox as_given(const spool::envelope& to) {
    if (auto given = mail::mailbox::parse(to.given)) return std::move(*given);
    return to.to.to;
}

format_values values_of(const errand_facts& all) {
    return {.sender = all.about.from.from,
            .rcpt = as_given(all.to),
            .dest = all.to.to.to,
            .username = all.user.name,
            .directory = all.user.home,
            .tag_delimiter = all.how.tag_delimiter};
}

/// What does not begin at the root begins in the home, which may be the root itself.
std::string in_home(std::string path, const errand_facts& all) {
    if (path.starts_with('/')) return path;
    return all.user.home + (all.user.home.ends_with('/') ? "" : "/") + path;
}

answer maildir_job(const errand_facts& all) {
    job made;
    made.what = job::kind::maildir;
    made.path = in_home("Maildir", all);
    if (const auto& wanted = all.action.maildir) {
        auto path = wanted->expand_path(values_of(all));
        if (path.has_error()) return to_be_mended("Path of the Maildir: " + path.error().message());
        made.path = in_home(std::move(*path), all);
    }
    // No other delivery ever has this name: the queue's is random, and its ids are used once. The host is for people.
    constexpr std::size_t longest_host = 150;
    made.name = spool::to_string(all.to.id) + "." + all.how.queue + "." + all.how.host.substr(0, longest_host);
    made.extension = all.to.extension;
    made.junk = all.action.junk;
    return made;
}

answer mbox_job(const errand_facts& all, std::string path) {
    job made;
    made.what = job::kind::mbox;
    made.path = std::move(path);
    made.sender = all.about.from.from.text();
    return made;
}

answer mailbox_job(const errand_facts& all) {
    const std::string& name = all.user.name;
    // Of a user base that answers to any name, perhaps.
    if (name.empty() || name.starts_with('.') || name.find_first_of(std::string_view("/\0", 2)) != std::string::npos)
        return to_be_mended("The user's name is none that a mailbox can have");
    return mbox_job(all, all.how.mail_spool + "/" + name);
}

/// Users who have none by intent: no mount brings it.
bool has_no_home(const table::userinfo::value& user) { return user.home.empty() || user.home == "/nonexistent"; }

answer command_job(const errand_facts& all, const command& which) {
    auto arguments = which.arguments(values_of(all));
    if (arguments.has_error()) return to_be_mended("The command: " + arguments.error().message());
    const mail::mailbox& to = all.to.to.to;
    job made;
    made.what = job::kind::run;
    made.arguments = std::move(arguments.value());
    made.environment = {std::string(path_of_commands),
                        "DOMAIN=" + to.host.text(),
                        "EXTENSION=" + all.to.extension,
                        "HOME=" + all.user.home,
                        "LOCAL=" + to.local.value(),
                        "LOGNAME=" + all.user.name,
                        "ORIGINAL_RECIPIENT=" + as_given(all.to).text(),
                        "RECIPIENT=" + to.text(),
                        "SENDER=" + all.about.from.from.text(),
                        "SHELL=/bin/sh",
                        "USER=" + all.user.name};
    made.time = all.how.command_time;
    // A person's home that is not there is perhaps not mounted, and the mail waits for it; where they have none, or for
    // a role, whose home need not exist, the command works in the root.
    const bool is_a_persons = all.action.user.empty() && !all.to.user.empty();
    if (!is_a_persons || has_no_home(all.user)) made.path = "/";
    return made;
}

answer target_job(const errand_facts& all) {
    const std::string& target = all.to.target;
    if (target.starts_with('/')) return mbox_job(all, target);
    if (!target.starts_with('|')) return to_be_mended("The alias names no place that mail can go to");
    const auto parsed = command::parse_plain(std::string_view(target).substr(1));
    if (const auto* fault = std::get_if<format_fault>(&parsed)) return to_be_mended("The command: " + fault->what);
    return command_job(all, std::get<command>(parsed));
}

answer job_of(const errand_facts& all) {
    if (!all.to.target.empty()) return target_job(all);
    switch (all.action.by) {
        case action_settings::method::mbox: return mailbox_job(all);
        case action_settings::method::maildir: return maildir_job(all);
        case action_settings::method::command:
            return all.action.mda ? command_job(all, *all.action.mda) : to_be_mended("The action has no command");
        case action_settings::method::only_targets: break;
    }
    return mail::status::of(450, "4.2.0", "The user has no mailbox here, and no .forward");
}

}  // namespace

std::variant<errand, mail::status> errand_of(const errand_facts& all) {
    auto who = all.us.identity_of(all.user);
    if (!who) return to_be_mended("Not running as user " + all.user.name + ", cannot deliver to him");
    auto found = job_of(all);
    if (const auto* refused = std::get_if<mail::status>(&found)) return *refused;
    auto& what = std::get<job>(found);

    if (what.what == job::kind::run && who->uid == 0) return to_be_mended("Nothing is run as root");
    const bool in_spool = what.what == job::kind::mbox && all.to.target.empty();
    // So that he can make his lock and his mailbox there, as the system's own programs do.
    if (in_spool && all.us.is_root() && all.spool_group) who->gid = *all.spool_group;
    what.home = all.user.home;
    what.head = "Return-Path: <" + all.about.from.from.text() + ">\r\nDelivered-To: " + all.to.to.to.text() + "\r\n";
    // A deputy that did not live to say so may have delivered it, or that of a daemon that did not. Looking for it
    // costs the more the fuller the mailbox, so other mail is spared that.
    what.may_be_repeat = all.to.tries > 0 || all.about.id < all.how.first_new_id;
    return errand{*who, std::move(what)};
}

}  // namespace waypost::delivery

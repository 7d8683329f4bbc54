#include "running_program.hpp"

#include <unistd.h>

#include <chrono>
#include <csignal>
#include <string_view>

namespace waypost::table {

namespace {

constexpr std::chrono::milliseconds time_to_end{200};

bool may_be_known(std::string_view variable) {
    const std::string_view name = variable.substr(0, variable.find('='));
    return name == "PATH" || name == "TZ" || name == "LANG" || name == "LANGUAGE" || name.starts_with("LC_");
}

bool is_about_the_user(std::string_view variable) {
    const std::string_view name = variable.substr(0, variable.find('='));
    return name == "HOME" || name == "USER" || name == "LOGNAME";
}

std::vector<std::string> environment_of(const std::optional<process::user_identity>& user) {
    std::vector<std::string> made;
    for (char** each = environ; *each != nullptr; ++each) {
        if (may_be_known(*each) || (!user && is_about_the_user(*each))) made.emplace_back(*each);
    }
    if (!user) return made;
    made.push_back("HOME=" + user->home);
    made.push_back("USER=" + user->name);
    made.push_back("LOGNAME=" + user->name);
    return made;
}

}  // namespace

base::result<running_program> running_program::start(const std::vector<std::string>& arguments,
                                                     const std::optional<process::user_identity>& user) {
    auto talk = process::make_socket_pair();
    if (talk.has_error()) return talk.error();
    auto errors = process::make_socket_pair();
    if (errors.has_error()) return errors.error();
    process::program program{.path = arguments.front(),
                             .arguments = arguments,
                             .environment = environment_of(user),
                             .descriptors = {talk->theirs.get(), talk->theirs.get(), errors->theirs.get()}};
    if (user) program.directory = "/";
    auto child = user ? process::spawn_as(*user, program) : process::spawn(program);
    if (child.has_error()) return child.error();
    return running_program(std::move(*child), std::move(talk->ours), std::move(errors->ours));
}

running_program::~running_program() {
    if (!child_) return;
    talk_.close();
    errors_.close();
    child_.signal(SIGTERM);
    static_cast<void>(child_.wait_for(time_to_end));
}

}  // namespace waypost::table

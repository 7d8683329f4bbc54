// .forwards and lists given by the test.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "waypost/rules/user_files.hpp"

namespace waypost::test {

class fake_user_files final : public rules::user_files {
public:
    std::map<std::string, std::string> forwards;  // by home
    std::map<std::string, std::string> lists;     // by path
    std::set<std::string> broken;                 // homes and paths that are not to be trusted
    std::vector<std::pair<std::string, std::string>> asked;  // home or path, and whose list: "" is the administrator's

    async::awaitable<base::result<std::optional<std::string>>> forward_of(table::userinfo::value user) override {
        using answer = base::result<std::optional<std::string>>;
        asked.emplace_back(user.home, user.name);
        if (broken.contains(user.home)) co_return answer(boost::system::in_place_error, denied());
        const auto found = forwards.find(user.home);
        co_return found == forwards.end() ? answer(std::nullopt) : answer(found->second);
    }
    async::awaitable<base::result<std::string>> list(std::string path,
                                                     std::optional<table::userinfo::value> user) override {
        using answer = base::result<std::string>;
        asked.emplace_back(path, user ? user->name : "");
        const auto found = lists.find(path);
        if (found == lists.end() || broken.contains(path)) co_return answer(boost::system::in_place_error, denied());
        co_return answer(found->second);
    }

private:
    static base::error_code denied() { return make_error_code(boost::system::errc::permission_denied); }
};

}  // namespace waypost::test

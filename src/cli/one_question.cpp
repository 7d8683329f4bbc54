#include "one_question.hpp"

#include <sysexits.h>

#include <boost/asio/co_spawn.hpp>
#include <iostream>

#include "waypost/base/exception_text.hpp"

namespace waypost::cli {

int one_question::exit_code_of(async::awaitable<int> question) {
    int code = EX_SOFTWARE;
    boost::asio::co_spawn(loop, std::move(question), [&code](std::exception_ptr bug, int given) {
        if (bug == nullptr) {
            code = given;
        } else {
            std::cerr << "waypost: a bug: " << base::text_of(bug) << '\n';
        }
    });
    loop.run();
    io.join();  // a worker may still be handing its answer to the loop
    return code;
}

}  // namespace waypost::cli

#include "worker_protocol.hpp"

#include <catch2/catch.hpp>

using namespace waypost;
using delivery_worker::job_status;

TEST_CASE("an job_status becomes a status of its class", "[delivery][worker_protocol]") {
    CHECK(delivery::status_of(job_status::success("2.0.0", "Delivered")).line() == "250 2.0.0 Delivered");
    CHECK(delivery::status_of(job_status::transient("4.2.2", "Disk full")).line() == "451 4.2.2 Disk full");
    CHECK(delivery::status_of(job_status::permanent("5.3.0", "no")).line() == "550 5.3.0 no");
}

TEST_CASE("a forged job_status becomes one line that makes sense", "[delivery][worker_protocol]") {
    const auto status = delivery::status_of(job_status::transient("x\n9", "a\nb" + std::string(5000, 'c')));
    CHECK(status.is_transient());
    CHECK(status.enhanced().klass == 0);
    CHECK(status.text().starts_with("a b"));
    CHECK(status.text().size() <= 1000);
}

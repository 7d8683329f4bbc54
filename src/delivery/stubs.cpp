#include "jobs.hpp"
namespace waypost::delivery {
mail::status deliver_to_mbox(const job&, job_content&, std::chrono::milliseconds) { return mail::status::transient("4.3.5", "mbox is not built yet"); }
mail::status run_command(const job&, job_content&) { return mail::status::transient("4.3.5", "commands are not built yet"); }
}

#include "jobs.hpp"
namespace waypost::delivery {
mail::status run_command(const job&, job_content&) { return mail::status::transient("4.3.5", "commands are not built yet"); }
}

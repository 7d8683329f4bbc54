#include "waypost/cli/run.hpp"

int main(int argc, char** argv) { return waypost::cli::run(argc, argv); }

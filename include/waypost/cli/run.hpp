// The command line: one subcommand a file, and the mail programs that this executable is by another name.
#pragma once

namespace waypost::cli {

/// Answers with the exit code: 0 done, 1 "no", and those of sysexits.h where a mail program has one.
int run(int argc, char** argv);

}  // namespace waypost::cli

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <string_view>
#include <system_error>

#include "cli/exit_code.h"
#include "cli/output_buffer.h"
#include "cli/program.h"

namespace {

using namespace portpolicy;

/// A standard stream that is closed is opened such that using it fails, lest a file of ours gets its number.
void keep_standard_streams() {
  for (const int number : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (fcntl(number, F_GETFD) == -1 && errno == EBADF) {
      open("/dev/null", number == STDIN_FILENO ? O_WRONLY : O_RDONLY);
    }
  }
}

std::string_view variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

Colour usual_colour() {
  const bool terminal = isatty(STDERR_FILENO) == 1 && variable("TERM") != "dumb";
  return terminal && variable("NO_COLOR").empty() ? Colour::on : Colour::off;
}

/// What is installed beside the program: bin/portpolicy and share/portpolicy/library.
std::string installed(const char* folder) {
  std::error_code error;
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", error);
  return (program.parent_path().parent_path() / "share/portpolicy" / folder).string();
}

}  // namespace

int main(int argc, char** argv) {
  keep_standard_streams();
  // A reader that went away or a file that grew too large is an error of the write, not the end of the program.
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);
  std::ios::sync_with_stdio(false);
  cli::OutputBuffer buffer(STDOUT_FILENO);
  std::ostream out(&buffer);
  cli::Io io{.in = std::cin,
             .out = out,
             .err = std::cerr,
             .colour = usual_colour(),
             .library = installed("library"),
             .today = std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now()),
             .starters = installed("starters")};
  const int code = cli::run({argv + (argc > 0 ? 1 : 0), argv + argc}, io);
  out.flush();
  if (buffer.error() == 0) return code;
  if (buffer.error() != EPIPE) {
    std::cerr << "portpolicy: cannot write to standard output: " << std::generic_category().message(buffer.error())
              << '\n';
  }
  return cli::exit_file;
}

#include "tests/support/process.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>

namespace portpolicy::testing {
namespace {

constexpr std::chrono::seconds patience{120};

using Temporary = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

Temporary temporary() {
  return {std::tmpfile(), &std::fclose};
}

std::string contents(std::FILE* file) {
  std::string text;
  if (std::fseek(file, 0, SEEK_SET) != 0) return text;
  std::array<char, 65536> part;
  while (std::feof(file) == 0 && std::ferror(file) == 0)
    text.append(part.data(), std::fread(part.data(), 1, part.size(), file));
  return text;
}

std::vector<std::string> environment() {
  // A report of a sanitizer must not look like a finding in the policy, which is exit status 1.
  std::vector<std::string> entries{"TZ=UTC", "LC_ALL=C.UTF-8", "NO_COLOR=1", "ASAN_OPTIONS=exitcode=99",
                                   "UBSAN_OPTIONS=exitcode=99:print_stacktrace=1"};
  for (const char* name : {"PATH", "HOME", "TMPDIR"})
    if (const char* value = std::getenv(name)) entries.push_back(std::string(name) + "=" + value);
  return entries;
}

std::vector<char*> pointers(const std::vector<std::string>& words) {
  std::vector<char*> result;
  result.reserve(words.size() + 1);
  for (const std::string& word : words) result.push_back(const_cast<char*>(word.c_str()));
  result.push_back(nullptr);
  return result;
}

/// Waits until the process ends; kills it when that takes too long. Whether it ended by itself.
bool wait_for(pid_t child, int& status) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  for (int pause = 200; waitpid(child, &status, WNOHANG) == 0; pause = pause < 20'000 ? pause * 2 : pause) {
    if (std::chrono::steady_clock::now() > deadline) {
      kill(child, SIGKILL);
      waitpid(child, &status, 0);
      return false;
    }
    usleep(static_cast<useconds_t>(pause));
  }
  return true;
}

}  // namespace

Outcome run(const std::vector<std::string>& words, const std::filesystem::path& folder, const std::string& input) {
  Outcome outcome;
  const Temporary in = temporary(), out = temporary(), err = temporary();
  if (!in || !out || !err) {
    outcome.failure = std::string("no temporary file: ") + std::strerror(errno);
    return outcome;
  }
  std::fwrite(input.data(), 1, input.size(), in.get());
  std::fseek(in.get(), 0, SEEK_SET);

  const std::vector<std::string> variables = environment();
  const std::vector<char*> arguments = pointers(words), surroundings = pointers(variables);
  const pid_t child = fork();
  if (child == 0) {
    dup2(fileno(in.get()), 0);
    dup2(fileno(out.get()), 1);
    dup2(fileno(err.get()), 2);
    if (chdir(folder.c_str()) == 0) execve(arguments[0], arguments.data(), surroundings.data());
    std::perror(arguments[0]);
    _exit(127);
  }
  if (child < 0) {
    outcome.failure = std::string("cannot start it: ") + std::strerror(errno);
    return outcome;
  }

  int status = 0;
  const bool ended = wait_for(child, status);
  outcome.out = contents(out.get());
  outcome.err = contents(err.get());
  if (!ended) outcome.failure = "still running after two minutes";
  else if (WIFSIGNALED(status)) outcome.failure = std::string("ended by a signal: ") + strsignal(WTERMSIG(status));
  else outcome.exit = WEXITSTATUS(status);
  if (outcome.exit == 99) outcome.failure = "a sanitizer reports a fault";
  if (outcome.exit == 127) outcome.failure = "cannot start it";
  return outcome;
}

}  // namespace portpolicy::testing

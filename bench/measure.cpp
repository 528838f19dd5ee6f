#include "bench/measure.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace portpolicy::bench {
namespace {

struct Report {
  int status = 0;
  rusage usage{};
};

[[noreturn]] void give_up(const std::string& what) {
  std::fprintf(stderr, "bench: %s\n", what.c_str());
  std::exit(1);
}

/// A namespace that ends with this process; without root also a user namespace, where we are root.
bool enter_fresh_namespace() {
  if (unshare(CLONE_NEWNET) == 0) return true;
  const unsigned user = geteuid();
  if (unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0) return false;
  std::FILE* map = std::fopen("/proc/self/uid_map", "w");
  if (map == nullptr) return false;
  std::fprintf(map, "0 %u 1", user);
  return std::fclose(map) == 0;
}

[[noreturn]] void become(const std::vector<std::string>& words, const std::string& output) {
  std::vector<char*> arguments;
  arguments.reserve(words.size() + 1);
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  const int nothing = open("/dev/null", O_RDONLY);
  const int out = open(output.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  if (nothing < 0 || out < 0) _exit(127);
  dup2(nothing, 0);
  dup2(out, 1);
  execvp(arguments[0], arguments.data());
  std::perror(arguments[0]);
  _exit(127);
}

/// In the process between: its namespace is made before the clock of the measured one starts.
[[noreturn]] void supervise(const std::vector<std::string>& words, const Manner& manner, int answer) {
  if (manner.where == Namespace::fresh && !enter_fresh_namespace()) {
    std::perror("bench: no network namespace");
    _exit(1);
  }
  const pid_t child = fork();
  if (child == 0) become(words, manner.output);
  Report report;
  if (child < 0 || wait4(child, &report.status, 0, &report.usage) != child) _exit(1);
  _exit(write(answer, &report, sizeof report) == sizeof report ? 0 : 1);
}

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

}  // namespace

Cost measure(const std::vector<std::string>& words, const Manner& manner) {
  int ends[2];
  if (pipe(ends) != 0) give_up(std::strerror(errno));
  const pid_t supervisor = fork();
  if (supervisor < 0) give_up(std::strerror(errno));
  if (supervisor == 0) supervise(words, manner, ends[1]);
  close(ends[1]);
  Report report;
  const bool answered = read(ends[0], &report, sizeof report) == sizeof report;
  close(ends[0]);
  waitpid(supervisor, nullptr, 0);
  const int code = answered && WIFEXITED(report.status) ? WEXITSTATUS(report.status) : -1;
  if (code != 0 && (code != 1 || !manner.may_find)) give_up("`" + words[0] + "` failed");
  return {seconds(report.usage.ru_utime) + seconds(report.usage.ru_stime),
          static_cast<double>(report.usage.ru_maxrss) / 1024};
}

Cost median(std::vector<Cost> costs) {
  const auto middle = [&costs](double Cost::*figure) {
    const auto at = costs.begin() + static_cast<std::ptrdiff_t>(costs.size() / 2);
    std::nth_element(costs.begin(), at, costs.end(),
                     [figure](const Cost& a, const Cost& b) { return a.*figure < b.*figure; });
    return (*at).*figure;
  };
  return {middle(&Cost::cpu_seconds), middle(&Cost::megabytes)};
}

}  // namespace portpolicy::bench

#include <doctest/doctest.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>

#include "tests/host/support/asked.h"

// How a script gets into a kernel that is asked, and why it may not.

namespace portpolicy::host_tests {
namespace {

using Why = host::NotAsked::Why;

const std::string small = "table inet t {\nchain c {\ntype filter hook input priority 0; policy drop;\n}\n}\n";

/// Takes a few hundred KB of netlink messages.
std::string large() {
  std::string elements;
  for (unsigned i = 0; i < 20000; ++i)
    elements +=
        (i == 0 ? "" : ", ") + ("10." + std::to_string(i / 250 % 250) + "." + std::to_string(i % 250) + ".0-10." +
                                std::to_string(i / 250 % 250) + "." + std::to_string(i % 250) + ".7");
  return "table ip t {\nset s {\ntype ipv4_addr; flags interval;\nelements = { " + elements +
         " }\n}\nchain c {\ntype filter hook input priority 0;\nip saddr @s drop\n}\n}\n";
}

constexpr int done = 0, not_prepared = 100;

/// What becomes of asking in another process that `prepare` has changed: `done`, or the reason.
int asked_after(const std::function<bool()>& prepare, const std::string& script, std::string& message) {
  int pipes[2];
  REQUIRE(::pipe(pipes) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    if (!prepare()) ::_exit(not_prepared);
    const auto answer = host::ask_kernel(script);
    if (answer) ::_exit(answer->filter.hooks[0].has_value() ? done : not_prepared);
    const std::string& words = answer.error().message;
    if (::write(pipes[1], words.data(), words.size()) < 0) ::_exit(not_prepared);
    ::_exit(static_cast<int>(answer.error().why) + 1);
  }
  ::close(pipes[1]);
  char buffer[4096];
  const ssize_t got = ::read(pipes[0], buffer, sizeof buffer);
  message.assign(buffer, got > 0 ? static_cast<std::size_t>(got) : 0);
  ::close(pipes[0]);
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

constexpr int code(Why why) {
  return static_cast<int>(why) + 1;
}

/// As a program would be that nobody started.
bool become_nobody() {
  constexpr unsigned nobody = 65534;
  return ::setgroups(0, nullptr) == 0 && ::setresgid(nobody, nobody, nobody) == 0 &&
         ::setresuid(nobody, nobody, nobody) == 0 && ::prctl(PR_SET_DUMPABLE, 1) == 0;
}

bool write_file(const char* path, const char* text) {
  std::ofstream file(path);
  file << text << std::flush;
  return file.good();
}

/// Without capabilities, where no user namespaces can be had.
bool forbid_namespaces() {
  if (::unshare(CLONE_NEWUSER) != 0 || !write_file("/proc/self/uid_map", "0 0 1") ||
      !write_file("/proc/sys/user/max_user_namespaces", "0"))
    return false;
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  const __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3]{};
  return ::syscall(SYS_capset, &header, none) == 0;
}

bool hide_nft() {
  if (::unshare(CLONE_NEWNS) != 0 || ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return false;
  for (const char* path : {"/usr/sbin/nft", "/sbin/nft"})
    if (std::filesystem::exists(path) && ::mount("/dev/null", path, nullptr, MS_BIND, nullptr) != 0) return false;
  return ::setenv("PATH", "/nonexistent", 1) == 0;
}

std::ptrdiff_t open_files() {
  return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), std::filesystem::directory_iterator());
}

ino_t network() {
  struct stat state {};
  return ::stat("/proc/thread-self/ns/net", &state) == 0 ? state.st_ino : 0;
}

}  // namespace

TEST_CASE("asking leaves nothing behind") {
  const std::ptrdiff_t files = open_files();
  const ino_t before = network();
  CHECK(asked(small).tables == std::vector<std::string>{"inet t"});
  CHECK_FALSE(host::ask_kernel("table inet t { nonsense }").has_value());
  CHECK(open_files() == files);
  CHECK(network() == before);
  CHECK(::waitpid(-1, nullptr, WNOHANG) == -1);
  CHECK(errno == ECHILD);
  // Each is asked in a namespace of its own.
  CHECK(asked("table ip other").tables == std::vector<std::string>{"ip other"});
}

TEST_CASE("what nft says against a script is passed on") {
  const auto syntax = host::ask_kernel("table inet t {\nchain c {\nnonsense\n}\n}\n");
  REQUIRE_FALSE(syntax.has_value());
  CHECK(syntax.error().why == Why::refused);
  CHECK(syntax.error().message.contains("syntax error"));
  const auto kernel = host::ask_kernel("delete table inet t\n");
  REQUIRE_FALSE(kernel.has_value());
  CHECK(kernel.error().why == Why::refused);
  CHECK(kernel.error().message.contains("No such file or directory"));
}

TEST_CASE("an unprivileged process can ask, but not for a large script") {
  std::string message;
  CHECK(asked_after(become_nobody, small, message) == done);
  CHECK(asked_after(become_nobody, large(), message) == code(Why::too_large));
  CHECK(message == "larger than this system lets an unprivileged process load");
  CHECK(asked_after([] { return true; }, large(), message) == done);
  CHECK(asked_after(become_nobody, "nonsense", message) == code(Why::refused));
}

TEST_CASE("where namespaces are forbidden the kernel is not asked") {
  std::string message;
  CHECK(asked_after(forbid_namespaces, small, message) == code(Why::not_permitted));
  CHECK(message.contains("network namespace of its own"));
}

TEST_CASE("without nft the kernel is not asked; a search path without it does no harm") {
  std::string message;
  CHECK(asked_after(hide_nft, small, message) == code(Why::no_nft));
  CHECK(message.contains("nft is not installed"));
  CHECK(asked_after([] { return ::setenv("PATH", "", 1) == 0; }, small, message) == done);
}

TEST_CASE("signals do not disturb the asking") {
  struct sigaction action {};
  struct sigaction before {};
  action.sa_handler = [](int) {};  // without SA_RESTART
  REQUIRE(::sigaction(SIGALRM, &action, &before) == 0);
  const itimerval often{{0, 500}, {0, 500}}, never{};
  REQUIRE(::setitimer(ITIMER_REAL, &often, nullptr) == 0);
  const auto answer = host::ask_kernel(large());
  REQUIRE(::setitimer(ITIMER_REAL, &never, nullptr) == 0);
  REQUIRE(::sigaction(SIGALRM, &before, nullptr) == 0);
  REQUIRE(answer.has_value());
  std::size_t ranges = 0;
  for (const filter::NamedAddresses& set : answer->filter.address_sets) ranges += set.addresses.v4.intervals().size();
  CHECK(ranges >= 20000);
}

}  // namespace portpolicy::host_tests

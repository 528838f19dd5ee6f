#include "tests/host/support/network.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "tests/host/support/process.h"

namespace portpolicy::host_tests {
namespace {

ino_t current_network() {
  struct stat state {};
  return ::stat("/proc/thread-self/ns/net", &state) == 0 ? state.st_ino : 0;
}
/// Where the program started: nothing may ever be changed there.
const ino_t outside = current_network();

void require_inside() {
  if (current_network() == outside) {
    std::fputs("host_tests: about to change the network it was started in\n", stderr);
    std::abort();
  }
}

void run(const std::vector<std::string>& words, const std::string& input, std::string* output = nullptr) {
  require_inside();
  const Result<Finished> finished = execute(words, input);
  if (!finished) FAIL(finished.error().message);
  if (finished->status != 0) FAIL(words[0] << " says " << finished->status << ": " << finished->errors << input);
  if (output != nullptr) *output = finished->output;
}

}  // namespace

Result<Network> Network::make() {
  if (::unshare(CLONE_NEWNET) != 0) return fail(std::string("unshare: ") + std::strerror(errno));
  Descriptor descriptor(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
  if (!descriptor) return fail(std::string("/proc/thread-self/ns/net: ") + std::strerror(errno));
  return Network(std::move(descriptor));
}

void Network::enter() const {
  if (::setns(descriptor_.number(), CLONE_NEWNET) != 0) FAIL("setns: " << std::strerror(errno));
}

std::string Network::path() const {
  return "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(descriptor_.number());
}

std::string why_not_permitted() {
  int pipes[2];
  if (::pipe2(pipes, O_CLOEXEC) != 0) return std::string("pipe: ") + std::strerror(errno);
  const pid_t child = ::fork();
  if (child == 0) {
    std::string reason;
    const auto refused = [](const Result<Finished>& finished) { return !finished || finished->status != 0; };
    if (const Result<Network> network = Network::make(); !network) reason = network.error().message;
    else if (refused(execute({"ip", "link", "set", "lo", "up"}))) reason = "`ip link` does not work";
    else if (refused(execute({"ip", "link", "add", "eth0", "type", "veth"}))) reason = "no veth interfaces";
    else if (refused(execute({"nft", "-f", "-"}, "table inet t {\nchain c {\nct state new log group 1\n}\n}\n")))
      reason = "`nft` does not work";
    const ssize_t written = ::write(pipes[1], reason.data(), reason.size());
    ::_exit(written == static_cast<ssize_t>(reason.size()) ? 0 : 1);
  }
  ::close(pipes[1]);
  const Descriptor in(pipes[0]);
  if (child < 0) return std::string("fork: ") + std::strerror(errno);
  char reason[256];
  const ssize_t length = ::read(in.number(), reason, sizeof reason);
  int status = 0;
  ::waitpid(child, &status, 0);
  if (status != 0 && length <= 0) return "the attempt ended abnormally";
  return {reason, static_cast<std::size_t>(length > 0 ? length : 0)};
}

bool set(std::string_view name, std::string_view value) {
  require_inside();
  const std::string path = "/proc/sys/net/" + std::string(name);
  const Descriptor file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  return file && ::write(file.number(), value.data(), value.size()) == static_cast<ssize_t>(value.size());
}

void ip(const std::string& family, const std::string& lines) {
  run({"ip", family, "-batch", "-"}, lines);
}
void nft(const std::string& script) {
  run({"nft", "-f", "-"}, script);
}
std::string nft_list() {
  std::string output;
  run({"nft", "list", "ruleset"}, {}, &output);
  return output;
}

}  // namespace portpolicy::host_tests

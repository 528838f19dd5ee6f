#include "host/nftables/sandbox.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/netlink.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <optional>

namespace portpolicy::host {

Descriptor::~Descriptor() {
  if (number_ >= 0) ::close(number_);
}

namespace {

using Why = NotAsked::Why;

std::unexpected<NotAsked> not_asked(Why why, std::string message) {
  return std::unexpected(NotAsked{why, std::move(message)});
}

/// The numbers 0 to 2 are left to standard input and outputs, even where the caller has closed them.
Descriptor out_of_the_way(int number) {
  if (number < 0 || number > STDERR_FILENO) return Descriptor(number);
  const Descriptor low(number);
  return Descriptor(::fcntl(number, F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
}

/// A file in memory: unlike a pipe, it takes any amount before its reader starts.
Descriptor memory_file(const char* name) {
  return out_of_the_way(::memfd_create(name, MFD_CLOEXEC));
}

bool fill(const Descriptor& file, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(file.number(), text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return ::lseek(file.number(), 0, SEEK_SET) == 0;
}

std::string contents(const Descriptor& file) {
  std::string text;
  char buffer[4096];
  ::lseek(file.number(), 0, SEEK_SET);
  while (true) {
    const ssize_t got = ::read(file.number(), buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return text;
    text.append(buffer, static_cast<std::size_t>(got));
  }
}

/// The program on PATH, or where it is on systems whose users have no such folders on theirs.
std::optional<std::string> find_nft() {
  const char* path = std::getenv("PATH");
  const std::string folders = std::string(path == nullptr ? "" : path) + ":/usr/sbin:/sbin";
  for (std::size_t begin = 0; begin < folders.size();) {
    const std::size_t end = std::min(folders.find(':', begin), folders.size());
    const std::string file = folders.substr(begin, end - begin) + "/nft";
    if (file.front() == '/' && file != "/nft" && ::access(file.c_str(), X_OK) == 0) return file;
    begin = end + 1;
  }
  return std::nullopt;
}

/// What the child has to say, in the order in which it does things.
struct Report {
  enum class Step : std::uint8_t { isolate, start_nft, run_nft, open_socket, done } step = Step::isolate;
  int error = 0;        ///< errno
  int wait_status = 0;  ///< of nft
};

/// What the child needs. It was forked from a program that may have threads, so it allocates nothing.
struct Task {
  const char* nft;
  int script, words;  ///< files: what nft reads, and what it says
  char map_of_users[32], map_of_groups[32];
};

bool has_capability(unsigned number) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3]{};
  if (::syscall(SYS_capget, &header, data) != 0) return false;
  return (data[number / 32].effective >> (number % 32) & 1) != 0;
}

bool write_file(const char* path, const char* text) {
  const int file = ::open(path, O_WRONLY | O_CLOEXEC);
  if (file < 0) return false;
  const auto size = static_cast<ssize_t>(std::strlen(text));
  const bool written = ::write(file, text, static_cast<std::size_t>(size)) == size;
  const int error = errno;
  ::close(file);
  errno = error;
  return written;
}

/// Into a network namespace of its own; where that takes more rights than there are, also into a user namespace, in which
/// this user is root.
bool isolate(const Task& task) {
  if (has_capability(CAP_SYS_ADMIN) && has_capability(CAP_NET_ADMIN) && ::unshare(CLONE_NEWNET) == 0) return true;
  return ::unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0 && write_file("/proc/self/setgroups", "deny") &&
         write_file("/proc/self/uid_map", task.map_of_users) && write_file("/proc/self/gid_map", task.map_of_groups);
}

/// The exit code that says that nft did not start; nft itself uses 0 and 1.
constexpr int not_started = 127;

[[noreturn]] void become_nft(const Task& task) {
  char script_flag[] = "-f", standard_input[] = "-", name[] = "nft";
  char language[] = "LC_ALL=C";
  char* arguments[] = {name, script_flag, standard_input, nullptr};
  char* environment[] = {language, nullptr};
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::dup2(task.script, STDIN_FILENO) >= 0 && ::dup2(task.words, STDOUT_FILENO) >= 0 &&
      ::dup2(task.words, STDERR_FILENO) >= 0)
    ::execve(task.nft, arguments, environment);
  ::_exit(not_started);
}

bool wait_for(pid_t child, int& status) {
  while (::waitpid(child, &status, 0) < 0)
    if (errno != EINTR) return false;
  return true;
}

Report load(const Task& task, int& socket) {
  Report report;
  const auto failed = [&report] {
    report.error = errno;
    return report;
  };
  if (!isolate(task)) return failed();
  report.step = Report::Step::start_nft;
  const pid_t nft = ::fork();
  if (nft < 0) return failed();
  if (nft == 0) become_nft(task);
  report.step = Report::Step::run_nft;
  if (!wait_for(nft, report.wait_status)) return failed();
  if (report.wait_status != 0) return report;
  report.step = Report::Step::open_socket;
  socket = ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
  if (socket < 0) return failed();
  report.step = Report::Step::done;
  return report;
}

/// A report, and with it a descriptor when there is one.
void send_report(int to, Report report, int descriptor) {
  iovec part{&report, sizeof report};
  alignas(cmsghdr) char room[CMSG_SPACE(sizeof(int))]{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (descriptor >= 0) {
    message.msg_control = room;
    message.msg_controllen = sizeof room;
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
  }
  while (::sendmsg(to, &message, MSG_NOSIGNAL) < 0 && errno == EINTR) {}
}

std::optional<Report> receive_report(int from, Descriptor& descriptor) {
  Report report;
  iovec part{&report, sizeof report};
  alignas(cmsghdr) char room[CMSG_SPACE(sizeof(int))]{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = room;
  message.msg_controllen = sizeof room;
  ssize_t got = 0;
  do got = ::recvmsg(from, &message, MSG_CMSG_CLOEXEC);
  while (got < 0 && errno == EINTR);
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    int number = -1;
    std::memcpy(&number, CMSG_DATA(header), sizeof number);
    descriptor = Descriptor(number);
  }
  return got == sizeof report ? std::optional(report) : std::nullopt;
}

/// What nft said when it failed, and the kernel through it.
NotAsked refusal(const Report& report, const std::string& words) {
  if (WIFEXITED(report.wait_status) && WEXITSTATUS(report.wait_status) == not_started)
    return {Why::no_nft, "the program nft was found but did not start"};
  if (WIFSIGNALED(report.wait_status))
    return {Why::refused, "nft was ended by signal " + std::to_string(WTERMSIG(report.wait_status)) +
                              (words.empty() ? "" : "\n" + words)};
  if (words.contains("Message too long"))
    return {Why::too_large, "larger than this system lets an unprivileged process load"};
  if (words.contains("Operation not permitted"))
    return {Why::not_permitted, "this process may not load rules into a network namespace of its own\n" + words};
  return {Why::refused, words.empty() ? "nft failed and did not say why" : words};
}

NotAsked explain(const Report& report, const std::string& words) {
  const std::string because = std::string(": ") + std::strerror(report.error);
  switch (report.step) {
    case Report::Step::isolate:
      return {Why::not_permitted, "this process may not have a network namespace of its own" + because};
    case Report::Step::start_nft:
      return {Why::refused, "cannot start a process" + because};
    case Report::Step::run_nft:
      return report.error == 0 ? refusal(report, words) : NotAsked{Why::refused, "cannot wait for nft" + because};
    case Report::Step::open_socket:
    case Report::Step::done:
      return {Why::refused, "cannot open a netlink socket in the namespace" + because};
  }
  std::unreachable();
}

/// The caller's user and group become root inside.
void write_maps(Task& task) {
  const auto map = [](auto& into, unsigned id) {
    const std::string line = "0 " + std::to_string(id) + " 1";
    std::memcpy(into, line.c_str(), line.size() + 1);
  };
  map(task.map_of_users, ::geteuid());
  map(task.map_of_groups, ::getegid());
}

}  // namespace

std::expected<Descriptor, NotAsked> load_in_sandbox(std::string_view script) {
  const std::optional<std::string> nft = find_nft();
  if (!nft) return not_asked(Why::no_nft, "the program nft is not installed (Debian package nftables)");
  const Descriptor input = memory_file("script"), words = memory_file("words");
  const auto failed = [](const char* what) {
    return not_asked(Why::refused, std::string(what) + ": " + std::strerror(errno));
  };
  if (!input || !words || !fill(input, script)) return failed("cannot keep the script in memory");
  int pair[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
    return failed("cannot make a pair of sockets");
  const Descriptor ours = out_of_the_way(pair[0]);
  Descriptor theirs = out_of_the_way(pair[1]);
  Task task{nft->c_str(), input.number(), words.number(), {}, {}};
  write_maps(task);

  const pid_t child = ::fork();
  if (child < 0) return failed("cannot start a process");
  if (child == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    int socket = -1;
    const Report report = load(task, socket);
    send_report(theirs.number(), report, socket);
    ::_exit(0);
  }
  theirs = Descriptor();
  Descriptor netlink;
  const std::optional<Report> report = receive_report(ours.number(), netlink);
  int status = 0;
  wait_for(child, status);
  if (!report) return not_asked(Why::refused, "the process that was to ask the kernel ended early");
  if (report->step != Report::Step::done || !netlink) return std::unexpected(explain(*report, contents(words)));
  return netlink;
}

}  // namespace portpolicy::host

#include "cli/graphviz.h"

#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>

#include "cli/file_descriptor.h"
#include "compiler/diagnostics/render.h"

extern char** environ;

namespace portpolicy::cli {

namespace {

/// What went in and comes out stands in files without a name: nobody waits for a pipe that is full.
FileDescriptor memory() {
  return FileDescriptor(memfd_create("portpolicy", MFD_CLOEXEC));
}

bool fill(const FileDescriptor& file, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = write(file.number(), text.data(), text.size());
    if (count < 0 && errno != EINTR) return false;
    if (count > 0) text.remove_prefix(static_cast<std::size_t>(count));
  }
  return lseek(file.number(), 0, SEEK_SET) == 0;
}

std::string contents(const FileDescriptor& file) {
  std::string text;
  std::array<char, 65536> part;
  for (off_t at = 0;;) {
    const ssize_t count = pread(file.number(), part.data(), part.size(), at);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return text;
    text.append(part.data(), static_cast<std::size_t>(count));
    at += count;
  }
}

std::string words_of(int error) {
  return std::generic_category().message(error);
}

/// Starts `dot` with these as its standard streams; the error is an errno.
std::expected<pid_t, int> start(const FileDescriptor& in, const FileDescriptor& out, const FileDescriptor& err) {
  posix_spawn_file_actions_t streams;
  if (const int error = posix_spawn_file_actions_init(&streams); error != 0) return std::unexpected(error);
  posix_spawn_file_actions_adddup2(&streams, in.number(), STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&streams, out.number(), STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&streams, err.number(), STDERR_FILENO);
  std::array<char, 4> name{"dot"};
  std::array<char, 6> format{"-Tsvg"};
  const std::array<char*, 3> words{name.data(), format.data(), nullptr};
  pid_t child = 0;
  const int error = posix_spawnp(&child, "dot", &streams, nullptr, words.data(), environ);
  posix_spawn_file_actions_destroy(&streams);
  if (error != 0) return std::unexpected(error);
  return child;
}

}  // namespace

Result<std::string> svg_of(const std::string& dot) {
  const FileDescriptor in = memory(), out = memory(), err = memory();
  if (!in || !out || !err || !fill(in, dot)) return fail("no room for the drawing: " + words_of(errno));
  const auto child = start(in, out, err);
  if (!child && child.error() == ENOENT)
    return fail(
        "there is no `dot` on this machine, which makes SVG of it; install Graphviz (on Debian: apt install graphviz), "
        "or "
        "write --format dot, which needs nothing else");
  if (!child) return fail("cannot run `dot`: " + words_of(child.error()));
  int status = 0;
  while (waitpid(*child, &status, 0) < 0)
    if (errno != EINTR) return fail("lost sight of `dot`: " + words_of(errno));
  std::string svg = contents(out);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0 && !svg.empty()) return svg;
  std::string how = WIFSIGNALED(status) ? "was ended by signal " + std::to_string(WTERMSIG(status))
                                        : "ended with exit code " + std::to_string(WEXITSTATUS(status));
  if (svg.empty()) how += " and wrote nothing";
  const std::string said = contents(err);
  return fail("`dot` " + how + (said.empty() ? "" : ": " + said.substr(0, said.find('\n'))));
}

}  // namespace portpolicy::cli

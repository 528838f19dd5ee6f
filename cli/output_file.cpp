#include "cli/output_file.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <system_error>

#include "cli/file_descriptor.h"

namespace portpolicy::cli {

namespace fs = std::filesystem;

namespace {

std::string words(int error) {
  return std::generic_category().message(error);
}

/// Signals that would end the program wait until the temporary file is gone, one way or the other.
class SignalsWait {
 public:
  SignalsWait() {
    sigset_t ending;
    sigemptyset(&ending);
    for (const int signal : {SIGHUP, SIGINT, SIGQUIT, SIGTERM}) sigaddset(&ending, signal);
    pthread_sigmask(SIG_BLOCK, &ending, &before_);
  }
  ~SignalsWait() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsWait(const SignalsWait&) = delete;
  SignalsWait& operator=(const SignalsWait&) = delete;

 private:
  sigset_t before_{};
};

/// A file with a name of its own beside the target, removed unless it takes the target's place.
class TemporaryFile {
 public:
  static Result<TemporaryFile> beside(const fs::path& target) {
    for (int attempt = 0; attempt < 100; ++attempt) {
      const std::string name = ".portpolicy-" + std::to_string(getpid()) + "-" + std::to_string(attempt) + ".tmp";
      const fs::path path = target.parent_path() / name;
      FileDescriptor file(open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644));
      if (file) return TemporaryFile(path, std::move(file));
      if (errno != EEXIST) return fail(words(errno));
    }
    return fail("no name is left for a temporary file beside it");
  }
  TemporaryFile(TemporaryFile&& other) noexcept
      : path_(std::exchange(other.path_, {})), file_(std::move(other.file_)) {}
  TemporaryFile& operator=(TemporaryFile&&) = delete;
  ~TemporaryFile() {
    if (!path_.empty()) unlink(path_.c_str());
  }

  Result<void> write(std::string_view text) {
    while (!text.empty()) {
      const ssize_t count = ::write(file_.number(), text.data(), text.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return fail(words(errno));
      text.remove_prefix(static_cast<std::size_t>(count));
    }
    if (fsync(file_.number()) != 0) return fail(words(errno));
    return {};
  }
  Result<void> set_mode(mode_t mode) {
    if (fchmod(file_.number(), mode) != 0) return fail(words(errno));
    return {};
  }
  Result<void> replace(const fs::path& target) {
    if (std::rename(path_.c_str(), target.c_str()) != 0) return fail(words(errno));
    path_.clear();
    return {};
  }
  /// False when something stands there.
  Result<bool> become(const fs::path& target) {
    if (renameat2(AT_FDCWD, path_.c_str(), AT_FDCWD, target.c_str(), RENAME_NOREPLACE) == 0) {
      path_.clear();
      return true;
    }
    // Not every file system can do that; a hard link never replaces either, and the temporary name goes at the end.
    if (errno == EINVAL && link(path_.c_str(), target.c_str()) == 0) return true;
    if (errno == EEXIST) return false;
    return fail(words(errno));
  }

 private:
  TemporaryFile(fs::path path, FileDescriptor file) : path_(std::move(path)), file_(std::move(file)) {}

  fs::path path_;
  FileDescriptor file_;
};

/// A text beside the regular file, or the free place, that it will take.
class Replacement {
 public:
  /// With this mode, or that of the file which stands there.
  static Result<Replacement> of(const fs::path& path, std::string_view text, std::optional<mode_t> mode) {
    fs::path target = path;
    struct stat status {};
    if (stat(path.c_str(), &status) == 0) {
      if (S_ISDIR(status.st_mode)) return fail("it is a folder");
      if (!S_ISREG(status.st_mode)) return fail("it is not a regular file");
      if (!mode) mode = status.st_mode & 07777;
      std::error_code error;
      target = fs::canonical(path, error);
      if (error) return fail(error.message());
    } else if (errno != ENOENT) {
      return fail(words(errno));
    }
    Result<TemporaryFile> temporary = TemporaryFile::beside(target);
    if (!temporary) return std::unexpected(temporary.error());
    if (mode) {
      if (const Result<void> done = temporary->set_mode(*mode); !done) return std::unexpected(done.error());
    }
    if (const Result<void> done = temporary->write(text); !done) return std::unexpected(done.error());
    return Replacement(std::move(target), *std::move(temporary));
  }
  Result<void> take_place() { return temporary_.replace(target_); }

 private:
  Replacement(fs::path target, TemporaryFile temporary)
      : target_(std::move(target)), temporary_(std::move(temporary)) {}

  fs::path target_;
  TemporaryFile temporary_;
};

}  // namespace

Result<void> write_file(const std::string& path, std::string_view text) {
  const SignalsWait wait;
  Result<Replacement> replacement = Replacement::of(path, text, std::nullopt);
  if (!replacement) return std::unexpected(replacement.error());
  return replacement->take_place();
}

Result<void> write_folder(const std::string& path, const std::vector<NamedText>& files) {
  std::error_code error;
  fs::create_directory(path, error);
  if (error) return fail(error.message());
  const SignalsWait wait;
  std::vector<Replacement> replacements;
  for (const NamedText& file : files) {
    const std::optional<mode_t> mode = file.runs ? std::optional<mode_t>(0755) : std::nullopt;
    Result<Replacement> replacement = Replacement::of(fs::path(path) / file.name, file.text, mode);
    if (!replacement) return fail(file.name + ": " + replacement.error().message);
    replacements.push_back(*std::move(replacement));
  }
  for (std::size_t i = 0; i < files.size(); ++i)
    if (const Result<void> done = replacements[i].take_place(); !done)
      return fail(files[i].name + ": " + done.error().message);
  return {};
}

Result<bool> write_new_file(const std::string& path, std::string_view text) {
  struct stat status {};
  if (lstat(path.c_str(), &status) == 0) return false;
  const SignalsWait wait;
  Result<TemporaryFile> temporary = TemporaryFile::beside(path);
  if (!temporary) return std::unexpected(temporary.error());
  if (const Result<void> done = temporary->write(text); !done) return std::unexpected(done.error());
  return temporary->become(path);
}

}  // namespace portpolicy::cli

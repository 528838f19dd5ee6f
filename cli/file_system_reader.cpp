#include "cli/file_system_reader.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <system_error>
#include <utility>

#include "cli/file_descriptor.h"

namespace portpolicy::cli {

namespace fs = std::filesystem;

namespace {

using Refusal = FileReader::Refusal;
using Failure = FileReader::Failure;

std::unexpected<Failure> refuse(Refusal refusal, std::string reason) {
  return std::unexpected(Failure{refusal, std::move(reason)});
}

std::unexpected<Failure> refuse_errno(int error) {
  const bool missing = error == ENOENT || error == ENOTDIR;
  return refuse(missing ? Refusal::missing : Refusal::unreadable, std::generic_category().message(error));
}

bool inside(const fs::path& folder, const fs::path& path) {
  return std::mismatch(folder.begin(), folder.end(), path.begin(), path.end()).first == folder.end();
}

/// The path without links, if it is inside the folder. Whether something exists outside of it is not told.
std::expected<fs::path, Failure> real_path(const fs::path& path, const fs::path& folder) {
  constexpr auto outside = [] { return refuse(Refusal::outside_root, "it is outside the root"); };
  std::error_code error;
  fs::path real = fs::canonical(path, error);
  if (!error) return inside(folder, real) ? std::expected<fs::path, Failure>(std::move(real)) : outside();
  std::error_code ignored;
  const fs::path nearly = fs::weakly_canonical(path, ignored);
  if (ignored || !inside(folder, nearly)) return outside();
  return refuse_errno(error.value());
}

std::expected<fs::path, Failure> real_folder(const fs::path& path) {
  std::error_code error;
  fs::path real = fs::canonical(path, error);
  if (error) return refuse_errno(error.value());
  if (!fs::is_directory(real, error)) return refuse(Refusal::unreadable, "`" + path.string() + "` is not a folder");
  return real;
}

fs::path default_root(const fs::path& top) {
  fs::path folder = top.parent_path();
  for (fs::path candidate = folder;; candidate = candidate.parent_path()) {
    std::error_code ignored;
    if (fs::exists(candidate / ".git", ignored)) return candidate;
    if (candidate == candidate.parent_path()) return folder;
  }
}

/// To open a device or a pipe can already do something, so the kind is asked before; and after, for it may have changed.
std::expected<std::string, Failure> contents(const fs::path& path, std::size_t limit) {
  struct stat status {};
  if (lstat(path.c_str(), &status) != 0) return refuse_errno(errno);
  if (S_ISDIR(status.st_mode)) return refuse(Refusal::unsafe, "it is a folder");
  if (!S_ISREG(status.st_mode)) return refuse(Refusal::unsafe, "it is not a regular file");
  const FileDescriptor file(open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW));
  if (!file || fstat(file.number(), &status) != 0) return refuse_errno(errno);
  if (!S_ISREG(status.st_mode)) return refuse(Refusal::unsafe, "it is not a regular file");
  const auto too_large = [limit] {
    return refuse(Refusal::too_large, "it is larger than " + std::to_string(limit >> 20) + " MiB");
  };
  if (static_cast<std::uint64_t>(status.st_size) > limit) return too_large();

  std::string text;
  constexpr std::size_t step = 1u << 16;
  for (std::size_t have = 0;;) {
    text.resize(std::max(have + step, static_cast<std::size_t>(status.st_size) + 1));
    const ssize_t count = read(file.number(), text.data() + have, text.size() - have);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return refuse_errno(errno);
    have += static_cast<std::size_t>(count);
    if (have > limit) return too_large();
    if (count == 0) {
      text.resize(have);
      return text;
    }
  }
}

enum class Place : unsigned char { policy, library };

std::expected<FileReader::File, Failure> file_at(const fs::path& path, const fs::path& folder, std::string shown,
                                                 std::size_t limit, Place place = Place::policy) {
  const auto real = real_path(path, folder);
  if (!real) return std::unexpected(real.error());
  auto text = contents(*real, limit);
  if (!text) return std::unexpected(text.error());
  const bool library = place == Place::library;
  std::string title = library ? shown : real->lexically_relative(folder).string();
  return FileReader::File{real->string(), std::move(shown), std::move(title), std::move(*text), library};
}

/// A zero byte would end the path for the operating system, and an absolute path would be another one on every host.
std::optional<Failure> unusable(std::string_view path) {
  if (path.empty()) return Failure{Refusal::missing, "the path is empty"};
  if (path.contains('\0')) return Failure{Refusal::missing, "the path holds a zero byte"};
  if (path.starts_with('/')) return Failure{Refusal::outside_root, "the path is absolute"};
  return std::nullopt;
}

/// `<baseline/server>` for baseline/server.yaml.
std::string library_title(const fs::path& within) {
  return "<" + (within.extension() == ".yaml" ? fs::path(within).replace_extension() : within).string() + ">";
}

/// The folder in which messages place what a file names: as the user wrote it, unless a link led the user elsewhere.
fs::path shown_folder(const FileReader::File& file) {
  const fs::path given = fs::path(file.path).parent_path();
  const fs::path real = fs::path(file.identity).parent_path();
  std::error_code error;
  return fs::canonical(given.empty() ? "." : given, error) == real ? given : real;
}

}  // namespace

FileSystemReader::FileSystemReader(Places places) : places_(std::move(places)) {}

std::expected<FileReader::File, Failure> FileSystemReader::read_top(const std::string& path, std::size_t limit) {
  if (path.empty() || path.contains('\0')) return refuse(Refusal::missing, "there is no such file");
  std::error_code error;
  const fs::path real = fs::canonical(path, error);
  if (error) return refuse_errno(error.value());
  if (places_.root) {
    const auto root = real_folder(*places_.root);
    if (!root) return refuse(root.error().refusal, "--root `" + *places_.root + "`: " + root.error().reason);
    root_ = *root;
  } else {
    root_ = default_root(real);
  }
  return file_at(real, root_, path, limit);
}

std::expected<FileReader::File, Failure> FileSystemReader::read_relative(const File& from, std::string_view path,
                                                                         std::size_t limit) {
  if (const auto failure = unusable(path)) return std::unexpected(*failure);
  const fs::path target = fs::path(from.identity).parent_path() / path;
  if (!from.library) return file_at(target, root_, (shown_folder(from) / path).lexically_normal().string(), limit);
  const auto library = real_folder(places_.library);
  if (!library) return std::unexpected(library.error());
  return file_at(target, *library, library_title(target.lexically_normal().lexically_relative(*library)), limit,
                 Place::library);
}

std::expected<FileReader::File, Failure> FileSystemReader::read_library(std::string_view name, std::size_t limit) {
  if (const auto failure = unusable(name)) return std::unexpected(*failure);
  const fs::path written(name);
  if (std::find(written.begin(), written.end(), "..") != written.end()) {
    return refuse(Refusal::outside_root, "names of the library do not hold `..`");
  }
  const auto library = real_folder(places_.library);
  if (!library) return refuse(Refusal::missing, "there is no policy library at `" + places_.library + "`");
  const fs::path within = written.lexically_normal();
  return file_at(*library / (within.string() + ".yaml"), *library, "<" + within.string() + ">", limit, Place::library);
}

std::vector<std::string> FileSystemReader::library_names() {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::recursive_directory_iterator at(places_.library, error), end; !error && at != end; at.increment(error)) {
    if (at->path().extension() != ".yaml") continue;
    names.push_back(at->path().lexically_relative(places_.library).replace_extension().string());
  }
  std::ranges::sort(names);
  return names;
}

}  // namespace portpolicy::cli

#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "compiler/syntax/file_reader.h"

namespace portpolicy::test {

/// A `FileReader` over texts in memory. Paths are relative to the root; library files stand under `<name>`.
class MemoryReader : public FileReader {
 public:
  MemoryReader() = default;
  explicit MemoryReader(std::map<std::string, std::string> files) : files_(std::move(files)) {}

  /// A second path of the same file, as a symbolic link would be.
  void link(std::string path, std::string target) { links_[std::move(path)] = std::move(target); }

  std::expected<File, Failure> read_top(const std::string& path, std::size_t limit) override {
    return find(path, limit);
  }
  std::expected<File, Failure> read_relative(const File& from, std::string_view path, std::size_t limit) override {
    const bool library = from.library;
    const std::string base = library ? from.path.substr(1, from.path.size() - 2) : from.path;
    const std::size_t slash = base.rfind('/');
    const std::string folder = slash == std::string::npos ? "" : base.substr(0, slash + 1);
    const auto joined = normal(folder + std::string(path));
    if (!joined) return std::unexpected(Failure{Refusal::outside_root, "leads out of the root"});
    return find(library ? "<" + *joined + ">" : *joined, limit);
  }
  std::expected<File, Failure> read_library(std::string_view name, std::size_t limit) override {
    return find("<" + std::string(name) + ">", limit);
  }
  std::vector<std::string> library_names() override {
    std::vector<std::string> names;
    for (const auto& [path, text] : files_)
      if (path.starts_with('<')) names.push_back(path.substr(1, path.size() - 2));
    return names;
  }

 private:
  /// Without `.` and `..`; nothing when it leads out.
  static std::optional<std::string> normal(std::string_view path) {
    std::vector<std::string_view> parts;
    while (!path.empty()) {
      const std::size_t slash = path.find('/');
      const std::string_view part = path.substr(0, slash);
      path.remove_prefix(slash == std::string_view::npos ? path.size() : slash + 1);
      if (part.empty() || part == ".") continue;
      if (part != "..") parts.push_back(part);
      else if (parts.empty()) return std::nullopt;
      else parts.pop_back();
    }
    std::string joined;
    for (const std::string_view part : parts) joined += (joined.empty() ? "" : "/") + std::string(part);
    return joined;
  }

  std::expected<File, Failure> find(const std::string& path, std::size_t limit) const {
    const auto link = links_.find(path);
    const std::string& target = link == links_.end() ? path : link->second;
    const auto found = files_.find(target);
    if (found == files_.end()) return std::unexpected(Failure{Refusal::missing, "No such file or directory"});
    if (found->second.size() > limit) return std::unexpected(Failure{Refusal::too_large, "File too large"});
    return File{target, path, path, found->second, path.starts_with('<')};
  }

  std::map<std::string, std::string> files_;
  std::map<std::string, std::string> links_;
};

}  // namespace portpolicy::test

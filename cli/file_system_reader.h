#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "compiler/syntax/file_reader.h"

namespace portpolicy::cli {

/// Reads policies from the file system. Only regular files inside the root, and of the library inside its folder, are
/// read; where a file really is decides, not the links that lead there.
class FileSystemReader : public FileReader {
 public:
  struct Places {
    std::optional<std::string> root;  ///< else the git work tree that holds the top policy, else its folder
    std::string library;
  };
  explicit FileSystemReader(Places places);

  std::expected<File, Failure> read_top(const std::string& path, std::size_t limit) override;
  std::expected<File, Failure> read_relative(const File& from, std::string_view path, std::size_t limit) override;
  std::expected<File, Failure> read_library(std::string_view name, std::size_t limit) override;
  std::vector<std::string> library_names() override;

 private:
  Places places_;
  std::filesystem::path root_;
};

}  // namespace portpolicy::cli

#include "cli/starters.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

namespace portpolicy::cli {

namespace fs = std::filesystem;

namespace {

/// The first line without the sign of a comment and without the full stop.
std::string summary_of(std::string_view text) {
  std::string_view line = text.substr(0, text.find('\n'));
  line.remove_prefix(std::min(line.find_first_not_of("# "), line.size()));
  if (line.ends_with('.')) line.remove_suffix(1);
  return std::string(line);
}

}  // namespace

Result<std::vector<Starter>> read_starters(const std::string& folder) {
  std::vector<Starter> starters;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    const fs::path& path = entry->path();
    if (path.extension() != ".yaml" || !entry->is_regular_file()) continue;
    std::ifstream file(path, std::ios::binary);
    std::string text{std::istreambuf_iterator<char>(file), {}};
    if (!file) return fail("cannot read `" + path.string() + "`");
    std::string summary = summary_of(text);
    starters.push_back({path.stem().string(), std::move(summary), std::move(text)});
  }
  if (error) return fail("cannot read `" + folder + "`: " + error.message());
  std::ranges::sort(starters, {}, &Starter::role);
  return starters;
}

}  // namespace portpolicy::cli

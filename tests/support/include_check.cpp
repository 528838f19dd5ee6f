// Holds the `#include` lines to the order of dependencies: what linking cannot see (headers) is seen here.
//
//     include_check SOURCE_ROOT

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace fs = std::filesystem;

namespace {

using Parts = std::set<std::string, std::less<>>;

/// For each part of the sources, which other parts it may include.
std::map<std::string, Parts, std::less<>> allowed_parts() {
  std::map<std::string, Parts, std::less<>> allowed;
  Parts below;
  for (const char* part : {"base", "diagnostics", "packets", "filter", "registry", "syntax", "graph"}) {
    allowed["compiler/" + std::string(part)] = below;
    below.insert("compiler/" + std::string(part));
  }
  for (const char* part : {"checks", "proof", "review", "drawing"}) allowed["compiler/" + std::string(part)] = below;
  below.insert({"compiler/checks", "compiler/proof", "compiler/review", "compiler/drawing"});
  allowed["compiler/audit"] = below;
  below.insert("compiler/audit");
  allowed["compiler"] = below;

  const Parts values{"compiler/base", "compiler/diagnostics", "compiler/packets", "compiler/filter"};
  allowed["backends/common"] = values;
  for (const char* target : {"nftables", "iptables", "windows"}) {
    const std::string folder = "backends/" + std::string(target);
    allowed[folder] = values;
    allowed[folder].insert("backends/common");
    allowed[folder + " reader"] = values;
  }
  allowed["host"] = values;
  allowed["host"].insert({"backends/nftables", "backends/nftables reader"});

  Parts everything = below;
  everything.insert({"compiler", "host", "backends/common"});
  for (const char* target : {"nftables", "iptables", "windows"})
    everything.insert({"backends/" + std::string(target), "backends/" + std::string(target) + " reader"});
  allowed["cli"] = everything;
  return allowed;
}

/// Headers of other projects, by how their names begin, and the only parts that may include them.
const std::map<std::string, Parts, std::less<>> foreign_headers{
    {"yaml-cpp/", {"compiler/syntax"}},
    {"nlohmann/", {"compiler/diagnostics", "compiler/syntax", "backends/windows reader", "cli"}},
    {"CLI/", {"cli"}},
    {"libnftnl/", {"host"}},
    {"libmnl/", {"host"}},
    {"linux/", {"host"}},
    {"sys/socket.h", {"host", "cli"}},
    {"sha2.h", {"compiler/base"}},
    {"doctest/", {}},
};

/// The part a file belongs to; nothing for a path outside of them.
std::optional<std::string> part_of(std::string_view path) {
  const auto folder = [&](std::size_t depth) {
    std::size_t end = 0;
    for (std::size_t i = 0; i < depth && end != path.npos; ++i) end = path.find('/', end == 0 ? 0 : end + 1);
    return end == path.npos ? std::optional<std::string>() : std::string(path.substr(0, end));
  };
  if (path.starts_with("compiler/")) return folder(2) ? folder(2) : folder(1);
  if (path.starts_with("backends/")) {
    const std::string_view name = path.substr(path.rfind('/') + 1);
    const bool reader = name.starts_with("read") || name.starts_with("meaning");
    return folder(2).transform([&](const std::string& part) { return part + (reader ? " reader" : ""); });
  }
  if (path.starts_with("host/") || path.starts_with("cli/")) return folder(1);
  return std::nullopt;
}

struct Include {
  std::size_t line;
  std::string path;
  bool quoted;
};

std::vector<Include> includes_of(const fs::path& file) {
  std::vector<Include> includes;
  std::ifstream stream(file);
  std::size_t number = 0;
  for (std::string line; std::getline(stream, line);) {
    ++number;
    if (!line.starts_with("#include ")) continue;
    const std::size_t open = line.find_first_of("\"<"), close = line.find_last_of("\">");
    if (open != line.npos && close > open)
      includes.push_back({number, line.substr(open + 1, close - open - 1), line[open] == '"'});
  }
  return includes;
}

/// Why a file of `part` may not include this; nothing when it may.
std::optional<std::string> objection(const std::string& part, const Include& include) {
  static const auto allowed = allowed_parts();
  if (!include.quoted) {
    for (const auto& [start, parts] : foreign_headers)
      if (include.path.starts_with(start) && !parts.contains(part))
        return "<" + include.path + "> has no place in " + part;
    return std::nullopt;
  }
  const std::optional<std::string> other = part_of(include.path);
  if (!other) return "\"" + include.path + "\" is not a path from the source root to a part of the program";
  if (*other == part) return std::nullopt;
  if (!allowed.contains(part)) return part + " is not in the table of parts";
  if (!allowed.at(part).contains(*other)) return part + " must not depend on " + *other + " (" + include.path + ")";
  return std::nullopt;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: include_check SOURCE_ROOT\n";
    return 2;
  }
  const fs::path root = argv[1];
  std::size_t files = 0, wrong = 0;
  for (const char* folder : {"compiler", "backends", "host", "cli"}) {
    if (!fs::exists(root / folder)) continue;
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(root / folder)) {
      const fs::path& file = entry.path();
      if (file.extension() != ".h" && file.extension() != ".cpp") continue;
      ++files;
      const std::string path = fs::relative(file, root).generic_string();
      const std::optional<std::string> part = part_of(path);
      for (const Include& include : includes_of(file)) {
        const auto why = part ? objection(*part, include) : std::optional<std::string>("this file belongs to no part");
        if (!why) continue;
        std::cout << path << ":" << include.line << ": " << *why << "\n";
        ++wrong;
      }
    }
  }
  std::cout << files << " files, " << wrong << " wrong include lines\n";
  return wrong == 0 && files != 0 ? 0 : 1;
}

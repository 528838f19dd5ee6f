#include "compiler/syntax/load.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "compiler/base/decimal.h"
#include "compiler/diagnostics/suggest.h"
#include "compiler/syntax/list_file.h"
#include "compiler/syntax/reading.h"
#include "compiler/syntax/section.h"
#include "compiler/syntax/yaml.h"

namespace portpolicy::syntax {
namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
// A file that is reached by many ways is read once for each way.
constexpr std::size_t max_reads = 1000;

using Path = Located<std::string>;

/// What to say when a file that the policy names cannot be read.
Mistake refusal(const FileReader::Failure& failure, std::string_view path, Code unreadable, std::size_t limit) {
  switch (failure.refusal) {
    case FileReader::Refusal::missing:
      return {unreadable, "there is no file " + quoted(path), {}};
    case FileReader::Refusal::unreadable:
      return {unreadable, quoted(path) + " cannot be read: " + failure.reason, {}};
    case FileReader::Refusal::outside_root:
      return {Code::include_outside_root, quoted(path) + " leads out of the policy's root",
              "move it below the root, or set the root with `--root`"};
    case FileReader::Refusal::unsafe:
      return {Code::file_unsafe, quoted(path) + " is not a regular file", {}};
    case FileReader::Refusal::too_large:
      return {Code::too_large, quoted(path) + " has more than " + std::to_string(limit >> 20) + " MiB", {}};
  }
  std::unreachable();
}

std::optional<Mistake> bad_path(std::string_view path) {
  if (path.starts_with('/')) {
    return Mistake{Code::include_outside_root, quoted(path) + " is an absolute path",
                   "write a path relative to this file, or `<name>` for a file of the library"};
  }
  if (path.find('\0') != std::string_view::npos || path.find('\n') != std::string_view::npos) {
    return Mistake{Code::bad_value, quoted(path) + " is not a path", {}};
  }
  return std::nullopt;
}

/// The name between `<` and `>`.
std::optional<std::string_view> library_name(std::string_view path) {
  if (path.size() < 3 || !path.starts_with('<') || !path.ends_with('>')) return std::nullopt;
  return path.substr(1, path.size() - 2);
}

/// `<role/databse>`, `<role/web.yaml>`
std::string did_you_mean_of_library(std::string_view name, const std::vector<std::string>& known) {
  constexpr std::string_view suffix = ".yaml";
  if (name.ends_with(suffix)) name.remove_suffix(suffix.size());
  const auto exact = std::ranges::find(known, name);
  const auto near = nearest(name, std::vector<std::string_view>(known.begin(), known.end()));
  if (exact == known.end() && !near) return {};
  return "did you mean `<" + (exact != known.end() ? *exact : std::string(*near)) + ">`?";
}

class Loader {
 public:
  Loader(FileReader& reader, SourceMap& sources, Diagnostics& diagnostics)
      : reader_(reader), sources_(sources), diagnostics_(diagnostics) {}

  Policy load(FileReader::File top) {
    read(std::move(top), false);
    return std::move(policy_);
  }

 private:
  using Reading = std::expected<FileReader::File, FileReader::Failure>;

  FileId add_source(FileReader::File& file) {
    if (file.text.starts_with(byte_order_mark)) file.text.erase(0, byte_order_mark.size());
    return sources_.add(file.path, std::move(file.text), file.title);
  }

  /// Reads a file and then all that it includes; returns its index in `Policy::files`.
  std::size_t read(FileReader::File file, bool library) {
    const std::size_t index = policy_.files.size();
    File& entry = policy_.files.emplace_back();
    index_of_.emplace(file.identity, index);
    policy_bytes_left_ -= file.text.size();
    entry.source = add_source(file);
    entry.title = file.title;
    entry.library = library;
    file.text = {};
    std::vector<Path> paths;
    if (const std::optional<Tree> tree = read_yaml(sources_, entry.source, values_left_, diagnostics_)) {
      const Context context{diagnostics_, [&](const Path& path) { return list(file, path); }};
      read_file(tree->root(), context, rules_left_, entry, paths);
    } else {
      entry.incomplete = true;
    }
    chain_.push_back(&file);
    for (const Path& path : paths) include(file, path, index);
    chain_.pop_back();
    return index;
  }

  void include(const FileReader::File& from, const Path& path, std::size_t includer) {
    const auto [known, is_new] = included_at_.try_emplace({from.identity, path.value}, std::nullopt);
    if (is_new) known->second = find_or_read(from, path, policy_.files[includer].library);
    const std::optional<std::size_t> index = known->second;
    File& file = policy_.files[includer];
    if (!index) {
      file.incomplete = true;
      return;
    }
    const bool again = std::ranges::any_of(file.includes, [&](const auto& each) { return each.value == *index; });
    if (!again) file.includes.push_back({*index, path.where});
  }

  std::optional<std::size_t> find_or_read(const FileReader::File& from, const Path& path, bool from_library) {
    const std::optional<std::string_view> name = library_name(path.value);
    if (const auto mistake = name ? std::nullopt : bad_path(path.value)) {
      report(*mistake, path.where);
      return std::nullopt;
    }
    if (reads_left_ != 0) --reads_left_;
    if (reads_left_ == 0) {
      if (!std::exchange(told_too_many_, true))
        report(
            {Code::too_large, "the files of the policy have more than " + std::to_string(max_reads) + " includes", {}},
            path.where);
      return std::nullopt;
    }
    Reading file = name ? reader_.read_library(*name, max_policy_bytes)
                        : reader_.read_relative(from, path.value, max_policy_bytes);
    if (!file) {
      Mistake mistake = refusal(file.error(), path.value, Code::include_unreadable, max_policy_bytes);
      if (name && mistake.help.empty()) mistake.help = did_you_mean_of_library(*name, reader_.library_names());
      report(std::move(mistake), path.where);
      return std::nullopt;
    }
    if (closes_cycle(*file, path)) return std::nullopt;
    if (const auto known = index_of_.find(file->identity); known != index_of_.end()) return known->second;
    if (!room_for_one_more(*file, path)) return std::nullopt;
    return read(*std::move(file), name || from_library);
  }

  bool closes_cycle(const FileReader::File& file, const Path& path) {
    const auto first =
        std::ranges::find(chain_, file.identity, [](const FileReader::File* on) { return on->identity; });
    if (first == chain_.end()) return false;
    std::string circle;
    for (auto on = first; on != chain_.end(); ++on) circle += quoted((*on)->path) + " includes ";
    report({Code::include_cycle, "the file includes itself: " + circle + quoted(file.path),
            "take one of the includes out"},
           path.where);
    return true;
  }

  bool room_for_one_more(const FileReader::File& file, const Path& path) {
    if (policy_.files.size() == max_files) {
      if (!std::exchange(told_too_many_, true)) {
        report({Code::too_large, "the policy has more than " + std::to_string(max_files - 1) + " included files", {}},
               path.where);
      }
      return false;
    }
    if (file.text.size() > policy_bytes_left_) {
      report({Code::too_large,
              "the files of the policy have more than " + std::to_string(max_policy_bytes >> 20) + " MiB together",
              {}},
             path.where);
      return false;
    }
    if (chain_.size() > max_depth) {
      report({Code::too_deep, "files include each other more than " + std::to_string(max_depth) + " deep", {}},
             path.where);
      return false;
    }
    return true;
  }

  /// A list file, read the first time that any policy file names it.
  std::optional<ListFileId> list(const FileReader::File& from, const Path& path) {
    const auto [known, is_new] = list_at_.try_emplace({from.identity, path.value}, std::nullopt);
    if (is_new) known->second = read_list_file(from, path);
    return known->second;
  }

  std::optional<ListFileId> read_list_file(const FileReader::File& from, const Path& path) {
    if (const auto mistake = bad_path(path.value)) {
      report(*mistake, path.where);
      return std::nullopt;
    }
    Reading file = reader_.read_relative(from, path.value, max_list_bytes);
    if (!file) {
      report(refusal(file.error(), path.value, Code::list_unreadable, max_list_bytes), path.where);
      return std::nullopt;
    }
    const auto [known, is_new] = list_of_.try_emplace(file->identity, ListFileId(policy_.lists.size()));
    if (is_new) {
      if (file->text.size() > list_bytes_left_) {
        report({Code::too_large,
                "the list files have more than " + std::to_string(max_all_lists_bytes >> 20) + " MiB together",
                {}},
               path.where);
        list_of_.erase(known);
        return std::nullopt;
      }
      list_bytes_left_ -= file->text.size();
      const std::string title = file->title;
      const FileId source = add_source(*file);
      policy_.lists.push_back({title, read_list(source, sources_, diagnostics_)});
    }
    return known->second;
  }

  void report(Mistake mistake, Span where) {
    diagnostics_.add(mistake.code, where, std::move(mistake.message), std::move(mistake.help));
  }

  FileReader& reader_;
  SourceMap& sources_;
  Diagnostics& diagnostics_;
  Policy policy_;
  std::map<std::string, std::size_t> index_of_;                                       // of a policy file, by identity
  std::map<std::string, ListFileId> list_of_;                                         // by identity
  std::map<std::pair<std::string, std::string>, std::optional<ListFileId>> list_at_;  // by includer and path
  std::map<std::pair<std::string, std::string>, std::optional<std::size_t>> included_at_;  // by includer and path
  std::size_t reads_left_ = max_reads;
  std::size_t list_bytes_left_ = max_all_lists_bytes;
  std::vector<const FileReader::File*> chain_;  // from the top file to the one being read
  std::size_t rules_left_ = max_rules;
  std::size_t values_left_ = max_values;
  std::size_t policy_bytes_left_ = max_policy_bytes;
  bool told_too_many_ = false;
};

}  // namespace

std::expected<Policy, FileReader::Failure> load(const std::string& path, FileReader& reader, SourceMap& sources,
                                                Diagnostics& diagnostics) {
  std::expected<FileReader::File, FileReader::Failure> top = reader.read_top(path, max_policy_bytes);
  if (!top && top.error().refusal == FileReader::Refusal::too_large) {
    const FileId file = sources.add(path, {});
    diagnostics.add(Code::too_large, {file, 0, 0},
                    "the policy has more than " + std::to_string(max_policy_bytes >> 20) + " MiB",
                    "put long lists of addresses into list files, and rules into several files");
    Policy policy;
    policy.files.emplace_back().source = file;
    policy.files.front().incomplete = true;
    return policy;
  }
  if (!top) return std::unexpected(std::move(top).error());
  return Loader(reader, sources, diagnostics).load(*std::move(top));
}

}  // namespace portpolicy::syntax

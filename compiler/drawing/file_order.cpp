#include "compiler/drawing/file_order.h"

#include <algorithm>

#include "compiler/syntax/includes.h"

namespace portpolicy::drawing {
std::vector<FileRules> files_in_order(const syntax::Policy& policy, const Section& section) {
  std::vector<FileRules> files(policy.files.size());
  for (std::size_t i = 0; i < section.rules.size(); ++i) {
    const Rule& rule = section.rules[i];
    FileRules& file = files[rule.file];
    file.file = rule.file;
    file.tier = rule.tier;
    file.rules.push_back(i);
  }
  std::erase_if(files, [](const FileRules& file) { return file.rules.empty(); });
  for (FileRules& file : files)
    std::ranges::sort(file.rules, {}, [&](std::size_t rule) { return section.rules[rule].place; });
  std::ranges::stable_sort(files, {}, &FileRules::tier);
  return files;
}

std::vector<std::pair<std::size_t, std::size_t>> includes_between(const syntax::Policy& policy,
                                                                  const std::vector<FileRules>& files) {
  const syntax::Includes includes(policy);
  const auto above = [&](std::size_t a, std::size_t b) {
    return files[a].tier == files[b].tier && includes.lead(files[a].file, files[b].file);
  };
  std::vector<std::pair<std::size_t, std::size_t>> pairs;
  for (std::size_t a = 0; a < files.size(); ++a)
    for (std::size_t b = 0; b < files.size(); ++b) {
      bool follows = false;
      for (std::size_t between = 0; between < files.size() && !follows; ++between)
        follows = above(a, between) && above(between, b);
      if (above(a, b) && !follows) pairs.emplace_back(a, b);
    }
  return pairs;
}

}  // namespace portpolicy::drawing

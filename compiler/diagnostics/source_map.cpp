#include "compiler/diagnostics/source_map.h"

#include <algorithm>
#include <utility>

namespace portpolicy {

namespace {

constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";

std::uint32_t size_of(std::string_view text) {
  return static_cast<std::uint32_t>(text.size());
}

// A policy may be one line of many megabytes with a finding every few bytes, so no column is counted from its start.
constexpr std::uint32_t block_size = 1024;

bool starts_code_point(char byte) {
  return (static_cast<unsigned char>(byte) & 0xc0u) != 0x80u;
}

}  // namespace

FileId SourceMap::add(std::string path, std::string text, std::string title) {
  if (title.empty()) title = path;
  File file{std::move(path), std::move(title), std::move(text), {0}, {}};
  std::uint32_t code_points = 0;
  for (std::uint32_t i = 0; i < size_of(file.text); ++i) {
    if (i % block_size == 0) file.blocks.push_back(code_points);
    if (starts_code_point(file.text[i])) ++code_points;
    if (file.text[i] == '\n') file.line_starts.push_back(i + 1);
  }
  if (file.text.size() % block_size == 0) file.blocks.push_back(code_points);
  files_.push_back(std::move(file));
  return FileId(files_.size() - 1);
}

std::uint32_t SourceMap::code_points_before(const File& file, std::uint32_t offset) {
  const std::uint32_t block = offset / block_size;
  const std::string_view rest = std::string_view(file.text).substr(offset - offset % block_size, offset % block_size);
  return file.blocks[block] + static_cast<std::uint32_t>(std::ranges::count_if(rest, starts_code_point));
}

Position SourceMap::position(FileId id, std::uint32_t offset) const {
  const File& file = files_[id.index];
  offset = std::min(offset, size_of(file.text));
  const auto after = std::ranges::upper_bound(file.line_starts, offset);
  const auto line = static_cast<std::uint32_t>(after - file.line_starts.begin());
  std::uint32_t start = *std::prev(after);
  // No editor shows the byte order mark, so none counts it.
  if (start == 0 && offset >= byte_order_mark.size() && file.text.starts_with(byte_order_mark)) {
    start = size_of(byte_order_mark);
  }
  return {line, code_points_before(file, offset) - code_points_before(file, start) + 1};
}

std::string_view SourceMap::line(FileId id, std::uint32_t number) const {
  const File& file = files_[id.index];
  if (number == 0 || number > file.line_starts.size()) return {};
  const std::uint32_t start = file.line_starts[number - 1];
  const std::uint32_t end = number < file.line_starts.size() ? file.line_starts[number] - 1 : size_of(file.text);
  std::string_view line = std::string_view(file.text).substr(start, end - start);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

}  // namespace portpolicy

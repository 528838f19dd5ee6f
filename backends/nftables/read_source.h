#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "compiler/diagnostics/diagnostic.h"

/// What the files of the reader share among themselves. Nothing here knows the writer.
namespace portpolicy::nft::text {

/// Bytes of the script.
struct Extent {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
};

/// The script, and who is told of its mistakes.
class Source {
 public:
  Source(std::string_view text, FileId file, Diagnostics& diagnostics);

  std::string_view text() const { return text_; }
  std::string_view text(Extent extent) const { return text_.substr(extent.begin, extent.end - extent.begin); }
  /// `part` must be a part of the script; an empty one that is none stands for its end.
  Extent extent(std::string_view part) const;
  Span span(Extent extent) const { return {file_, extent.begin, extent.end}; }
  std::uint32_t line(std::uint32_t offset) const;

  /// Says that the script cannot be read. What stands there is shown by the span.
  void refuse(Extent where, std::string message, std::string help = {}) const;

 private:
  std::string_view text_;
  FileId file_;
  Diagnostics& diagnostics_;
  std::vector<std::uint32_t> line_starts_;
};

/// `define X = ...`: known from its place on, until the block ends that it stands in or the name is defined anew.
struct Definition {
  Extent value;
  std::uint32_t from = 0;
  std::uint32_t until = UINT32_MAX;
  bool removed = false;  ///< `undefine`
};
class Definitions {
 public:
  void add(std::string_view name, Definition definition);
  void end_block(std::uint32_t begin, std::uint32_t end);
  const Definition* find(std::string_view name, std::uint32_t at) const;

 private:
  std::unordered_map<std::string_view, std::vector<Definition>> by_name_;
};

}  // namespace portpolicy::nft::text

#include "compiler/syntax/list_file.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "compiler/base/decimal.h"
#include "compiler/syntax/load.h"
#include "compiler/syntax/network.h"

namespace portpolicy::syntax {
namespace {

constexpr std::size_t reported_lines = 20;

std::string_view trimmed(std::string_view line) {
  line = line.substr(0, line.find('#'));
  const std::size_t first = line.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return line.substr(first, line.find_last_not_of(" \t\r") - first + 1);
}

class ListReader {
 public:
  ListReader(FileId file, std::string_view text, Diagnostics& diagnostics)
      : file_(file), text_(text), diagnostics_(diagnostics) {}

  AddressSet read() {
    for (std::size_t begin = 0; begin < text_.size();) {
      const std::size_t end = std::min(text_.find('\n', begin), text_.size());
      const std::string_view entry = trimmed(text_.substr(begin, end - begin));
      if (!entry.empty() && !read_entry(entry)) break;
      begin = end + 1;
    }
    report_rest();
    return {IntervalSet<std::uint32_t>::of(std::move(v4_)), IntervalSet<Uint128>::of(std::move(v6_))};
  }

 private:
  /// Whether to go on.
  bool read_entry(std::string_view entry) {
    if (v4_.size() + v6_.size() + bad_ == max_list_prefixes) {
      diagnostics_.add(Code::too_large, place_of(entry),
                       "the list has more than " + std::to_string(max_list_prefixes) + " entries");
      return false;
    }
    const Result<AddressRange> range = AddressRange::parse(entry);
    if (!range) report(entry);
    else if (range->family == Family::ipv6) v6_.push_back({range->first, range->last});
    else v4_.push_back({static_cast<std::uint32_t>(range->first), static_cast<std::uint32_t>(range->last)});
    return true;
  }

  void report(std::string_view entry) {
    if (++bad_ > reported_lines) {
      if (bad_ == reported_lines + 1) first_unreported_ = place_of(entry);
      return;
    }
    Mistake mistake = reads_as_address(entry)
                          ? bad_address(entry)
                          : Mistake{Code::bad_list_line, quoted(entry) + " is not an address, prefix or range", {}};
    if (mistake.code == Code::bad_address) mistake.code = Code::bad_list_line;
    if (mistake.help.empty())
      mistake.help = "a list has one address, prefix or range `a-b` a line; `#` begins a comment";
    diagnostics_.add(mistake.code, place_of(entry), std::move(mistake.message), std::move(mistake.help));
  }

  void report_rest() {
    if (bad_ <= reported_lines) return;
    const std::size_t more = bad_ - reported_lines;
    diagnostics_.add(Code::bad_list_line, first_unreported_,
                     std::to_string(more) + (more == 1 ? " more line is" : " more lines are") + " wrong in this list");
  }

  Span place_of(std::string_view entry) const {
    const auto begin = static_cast<std::uint32_t>(entry.data() - text_.data());
    return {file_, begin, begin + static_cast<std::uint32_t>(entry.size())};
  }

  FileId file_;
  std::string_view text_;
  Diagnostics& diagnostics_;
  std::vector<Interval<std::uint32_t>> v4_;
  std::vector<Interval<Uint128>> v6_;
  std::size_t bad_ = 0;
  Span first_unreported_;
};

}  // namespace

AddressSet read_list(FileId file, const SourceMap& sources, Diagnostics& diagnostics) {
  return ListReader(file, sources.text(file), diagnostics).read();
}

}  // namespace portpolicy::syntax

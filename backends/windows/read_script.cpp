#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "backends/windows/read.h"
#include "backends/windows/read_data.h"
#include "backends/windows/read_filter.h"
#include "backends/windows/read_program.h"
#include "backends/windows/read_rule.h"
#include "compiler/base/decimal.h"

// A script is a header, a program, the policy as data, and more of the program. The program is not read: it is known byte by
// byte, or it is not. So all that a script can do is what one of the known programs does with these data.
namespace portpolicy::windows {
namespace {

using text::Entry;
using text::Extent;
using text::extent;
using text::Source;

constexpr std::string_view line_end = "\r\n";
constexpr std::string_view begin_mark = "# portpolicy: begin of the policy\r\n";
constexpr std::string_view end_mark = "# portpolicy: end of the policy\r\n";
constexpr std::string_view signature_begin = "# SIG # Begin signature block\r\n";
constexpr std::string_view signature_end = "# SIG # End signature block\r\n";
const std::string compile_again = "compile the policy again, and bring the file over without any change to its bytes";

/// Where the parts of a script are.
struct Parts {
  Extent head, policy, engine;
};

bool refuse_byte(const Source& source, std::size_t at) {
  const Extent where = extent(at, at + 1);
  if (source.text().starts_with("\xEF\xBB\xBF") || source.text().starts_with("\xFF\xFE") ||
      source.text().starts_with("\xFE\xFF"))
    return source.refuse(where, "the script begins with a byte order mark", compile_again);
  const char c = source.text()[at];
  if (c == '\n' || c == '\r')
    return source.refuse(where, "the line does not end with a carriage return and a line feed", compile_again);
  if (static_cast<unsigned char>(c) >= 0x80)
    return source.refuse(where, "a character that is not ASCII, which PowerShell may take for a quote", compile_again);
  return source.refuse(where, "a control character", compile_again);
}

bool check_bytes(const Source& source) {
  const std::string_view text = source.text();
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text.substr(at).starts_with(line_end)) ++at;
    else if (text[at] < 0x20 || text[at] > 0x7e) return refuse_byte(source, at);
  }
  if (text.ends_with(line_end)) return true;
  return source.refuse(extent(text.size(), text.size()), "the script ends in the middle of a line", compile_again);
}

std::string_view line_at(std::string_view text, std::size_t at) {
  return text.substr(at, text.find(line_end, at) + line_end.size() - at);
}

/// Where the line begins; nothing when there is none from there on.
std::optional<std::size_t> find_line(std::string_view text, std::string_view line, std::size_t from) {
  for (std::size_t at = from; at < text.size(); at += line_at(text, at).size())
    if (line_at(text, at) == line) return at;
  return std::nullopt;
}

/// PowerShell acts on `#Requires` wherever it stands.
bool is_requirement(std::string_view line) {
  constexpr std::string_view word = "#requires";
  return line.size() >= word.size() && std::ranges::equal(line.substr(0, word.size()), word, [](char a, char b) {
           return (a >= 'A' && a <= 'Z' ? a + 32 : a) == b;
         });
}

/// Where the header ends: comments that say nothing to PowerShell.
std::size_t end_of_header(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size() && text[at] == '#' && !is_requirement(line_at(text, at))) at += line_at(text, at).size();
  return at;
}

/// What Set-AuthenticodeSignature puts behind a script, with an empty line before, is of no interest, but nothing else may
/// hide there.
bool pass_signature(const Source& source, Extent& engine) {
  const std::string_view text = source.text();
  const auto begin = find_line(text, signature_begin, 0);
  if (!begin) return true;
  const auto broken = [&](std::size_t at, std::string message) {
    return source.refuse(extent(at, at + line_at(text, at).size() - line_end.size()), std::move(message),
                         "sign the script that `compile` wrote, once");
  };
  if (*begin < engine.begin) return broken(*begin, "a signature stands before the end of the script");
  std::size_t at = *begin;
  while (at < text.size() && line_at(text, at) != signature_end) {
    if (!line_at(text, at).starts_with("# ")) return broken(at, "the signature holds more than comments");
    at += line_at(text, at).size();
  }
  if (at == text.size()) return broken(*begin, "the signature has no end");
  at += signature_end.size();
  if (at != text.size()) return broken(at, "something stands behind the signature");
  engine.end = static_cast<std::uint32_t>(*begin);
  if (source.text(engine).ends_with("\r\n\r\n")) engine.end -= 2;
  return true;
}

bool find_parts(const Source& source, Parts& parts) {
  const std::string_view text = source.text();
  const auto missing = [&](std::string_view mark) {
    return source.refuse({0, 0}, "there is no line " + quoted(mark.substr(0, mark.size() - line_end.size())),
                         "give a script that `compile --target windows` wrote");
  };
  const auto begin = find_line(text, begin_mark, 0);
  if (!begin) return missing(begin_mark);
  const auto end = find_line(text, end_mark, *begin);
  if (!end) return missing(end_mark);
  parts.head = extent(std::min(end_of_header(text), *begin), *begin);
  parts.policy = extent(*begin + begin_mark.size(), *end);
  parts.engine = extent(*end + end_mark.size(), text.size());
  return pass_signature(source, parts.engine);
}

/// The text as it stands in the sources.
std::string with_plain_lines(std::string_view text) {
  std::string result;
  std::ranges::copy_if(text, std::back_inserter(result), [](char c) { return c != '\r'; });
  return result;
}

void read_defaults(const Source& source, const text::Table& table, std::array<std::optional<Verdict>, 2>& defaults) {
  for (const Entry& entry : table.entries) {
    const std::string& value = entry.values[0].text;
    if (entry.key != "Inbound" && entry.key != "Outbound") {
      source.refuse(entry.where, "`$PolicyDefaults` has the keys `Inbound` and `Outbound`, not " + quoted(entry.key),
                    compile_again);
      continue;
    }
    if (entry.is_list || (value != "Block" && value != "Allow"))
      source.refuse(entry.values[0].where, "a default is `Block` or `Allow`, not " + quoted(value), compile_again);
    defaults[entry.key == "Inbound" ? 0 : 1] = value == "Allow" ? Verdict::allow : Verdict::deny;
  }
}

/// What is logged changes no verdict, but nothing else may stand there.
void check_log(const Source& source, const text::Table& table) {
  for (const Entry& entry : table.entries) {
    const std::string& value = entry.values[0].text;
    if (entry.key != "LogAllowed" && entry.key != "LogBlocked")
      source.refuse(entry.where, "`$PolicyLog` has the keys `LogAllowed` and `LogBlocked`, not " + quoted(entry.key),
                    compile_again);
    else if (entry.is_list || value != "True")
      source.refuse(entry.values[0].where, quoted(entry.key) + " is `True`, or not there, and not " + quoted(value),
                    compile_again);
  }
}

}  // namespace

bool is_script(std::string_view text) {
  for (const std::string_view mark : {"\xEF\xBB\xBF", "\xFF\xFE", "\xFE\xFF"})
    if (text.starts_with(mark)) text.remove_prefix(mark.size());
  return text.starts_with('#') || text.substr(0, 2) == std::string_view("\0#", 2);
}

std::optional<Reading> read_script(std::string_view text, FileId file, Diagnostics& diagnostics) {
  const Source source(text, file, diagnostics);
  const std::size_t errors = diagnostics.errors();
  Parts parts;
  if (text.size() > text::largest_text)
    source.refuse({0, 0}, "the script is larger than 64 MiB, which no script of `compile` is", compile_again);
  else if (check_bytes(source)) find_parts(source, parts);
  if (diagnostics.errors() != errors) return std::nullopt;
  const std::optional<text::Data> data = text::read_data(source, parts.policy);
  if (!data) return std::nullopt;

  std::array<std::optional<Verdict>, 2> defaults;
  read_defaults(source, data->defaults, defaults);
  check_log(source, data->log);
  text::Writer writer;
  text::ScriptRules rules(source, defaults, writer);
  for (const text::Table& rule : data->rules)
    if (!source.is_hopeless()) rules.add(rule);
  if (diagnostics.errors() != errors) return std::nullopt;

  Reading reading;
  reading.known_program =
      text::is_known_program(with_plain_lines(source.text(parts.head)), with_plain_lines(source.text(parts.engine)));
  if (!reading.known_program)
    writer.not_understood(
        source.span(extent(parts.engine.begin, parts.engine.begin + line_at(text, parts.engine.begin).size())),
        "the program around the policy");
  reading.filter = writer.finish(defaults);
  for (std::size_t i = 0; i < defaults.size(); ++i) reading.managed[i] = defaults[i].has_value();
  reading.not_understood = writer.remarks();
  return reading;
}

}  // namespace portpolicy::windows

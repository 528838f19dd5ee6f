#include "cli/junit.h"

#include <algorithm>
#include <utility>

namespace portpolicy::cli {

namespace {

using checks::Outcome;

/// Text that XML 1.0 allows, in an element or in quotes. Line breaks stay.
std::string xml(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    for (const char c : escaped(text.substr(0, end))) {
      switch (c) {
        case '&':
          result += "&amp;";
          break;
        case '<':
          result += "&lt;";
          break;
        case '>':
          result += "&gt;";
          break;
        case '"':
          result += "&quot;";
          break;
        default:
          result += c;
      }
    }
    if (end != text.size()) result += '\n';
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return result;
}

std::string attribute(std::string_view name, std::string_view value) {
  return " " + std::string(name) + "=\"" + xml(value) + "\"";
}

std::string attribute(std::string_view name, std::size_t value) {
  return attribute(name, std::to_string(value));
}

struct Case {
  Span where;
  std::string name;
  std::string_view problem;  ///< the element for what is wrong; empty: nothing
  std::string type, message, details;
};

/// The beginning, where an entry lists more than reports have room for.
std::string shortened(const std::string& text) {
  constexpr std::size_t most = 100;
  if (text.size() <= most) return text;
  std::size_t end = most;
  while ((static_cast<unsigned char>(text[end]) & 0xc0u) == 0x80u) --end;
  return text.substr(0, end) + "...";
}

/// `tests.inbound[0]: deny ssh from internet`; the file, which stands beside it, is left out.
std::string name_of(const Judged& entry, const SourceMap& sources) {
  std::string_view name = entry.claim->name;
  const std::string file = sources.title(entry.claim->where.file) + ":";
  if (name.starts_with(file)) name.remove_prefix(file.size());
  const std::string_view lead = entry.claim->kind == Claim::Kind::only_from ? "only-from of " : "";
  return std::string(lead) + std::string(name) + ": " + shortened(entry.says);
}

Case case_of(const Judged& entry, const SourceMap& sources) {
  Case result{entry.claim->where, name_of(entry, sources), {}, "", "", ""};
  if (entry.outcome == Outcome::holds) return result;
  result.problem = entry.outcome == Outcome::fails ? "failure" : "error";
  if (entry.finding == nullptr) {
    result.type = "portpolicy";
    result.message = entry.outcome == Outcome::fails ? "it fails, as do more than are shown"
                                                     : "it was not decided, because one before it was not";
    return result;
  }
  result.type = to_string(entry.finding->code);
  result.message = entry.finding->message;
  if (entry.finding->witness) result.message += " (" + to_string(*entry.finding->witness) + ")";
  result.details = render_text({*entry.finding}, sources, Colour::off);
  return result;
}

std::vector<Case> cases_of(const Judgement& judgement, const std::vector<Diagnostic>& findings,
                           const SourceMap& sources) {
  std::vector<Case> cases;
  std::vector<Diagnostic> others;
  for (const Diagnostic& finding : findings)
    if (finding.severity == Severity::error && !is_about_entry(judgement, finding)) others.push_back(finding);
  if (!others.empty())
    cases.push_back({{},
                     "policy",
                     "error",
                     to_string(others.front().code),
                     "the policy has errors: " + others.front().message,
                     render_text(others, sources, Colour::off)});
  for (const Judged& entry : judgement.entries) cases.push_back(case_of(entry, sources));
  return cases;
}

std::string to_xml(const Case& each, const SourceMap& sources) {
  std::string text =
      "    <testcase" + attribute("name", each.name) + attribute("classname", sources.title(each.where.file)) +
      attribute("file", sources.path(each.where.file)) + attribute("line", sources.begin(each.where).line);
  if (each.problem.empty()) return text + "/>\n";
  const std::string element(each.problem);
  return text + ">\n      <" + element + attribute("message", each.message) + attribute("type", each.type) + ">" +
         xml(each.details) + "</" + element + ">\n    </testcase>\n";
}

std::string counts(std::span<const Case> cases) {
  const auto count = [&](std::string_view problem) {
    return static_cast<std::size_t>(std::ranges::count(cases, problem, &Case::problem));
  };
  return attribute("tests", cases.size()) + attribute("failures", count("failure")) +
         attribute("errors", count("error"));
}

std::string suite(std::span<const Case> cases, const SourceMap& sources) {
  const FileId file = cases.front().where.file;
  std::string text = "  <testsuite" + attribute("name", sources.title(file)) + attribute("file", sources.path(file)) +
                     counts(cases) + ">\n";
  for (const Case& each : cases) text += to_xml(each, sources);
  return text + "  </testsuite>\n";
}

}  // namespace

std::string junit(const Judgement& judgement, const std::vector<Diagnostic>& findings, const SourceMap& sources) {
  const std::vector<Case> cases = cases_of(judgement, findings, sources);
  std::string text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites" + attribute("name", "portpolicy") +
                     counts(cases) + ">\n";
  for (std::span<const Case> rest = cases; !rest.empty();) {
    const auto other =
        std::ranges::find_if(rest, [&](const Case& each) { return each.where.file != rest.front().where.file; });
    const auto size = static_cast<std::size_t>(other - rest.begin());
    text += suite(rest.first(size), sources);
    rest = rest.subspan(size);
  }
  return text + "</testsuites>\n";
}

}  // namespace portpolicy::cli

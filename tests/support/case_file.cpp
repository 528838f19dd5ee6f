#include "tests/support/case_file.h"

#include <charconv>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string_view>

namespace portpolicy::testing {
namespace {

std::string text_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

/// Words between blanks; double quotes keep blanks.
std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  bool quoted = false, open = false;
  for (const char c : text) {
    if (c == '"') {
      quoted = !quoted;
      if (quoted && !open) words.emplace_back();
      open = true;
    } else if (c == ' ' && !quoted) {
      open = false;
    } else {
      if (!open) words.emplace_back();
      open = true;
      words.back() += c;
    }
  }
  return words;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\r')) text.remove_suffix(1);
  return text;
}

class Parser {
 public:
  explicit Parser(CaseFile file) : file_(std::move(file)) {}

  std::expected<CaseFile, std::string> parse() {
    for (number_ = 0; number_ < file_.lines.size() && error_.empty(); ++number_) line(file_.lines[number_]);
    if (error_.empty() && file_.steps.empty()) fail("no RUN line");
    if (!error_.empty()) return std::unexpected(error_);
    for (Step& step : file_.steps)
      if (step.end_line == 0) step.first_line = step.end_line = file_.lines.size();
    return std::move(file_);
  }

 private:
  void line(std::string_view text) {
    if (text.starts_with("#|")) return block_line(text.substr(2));
    block_ = nullptr;
    if (!text.starts_with("# ")) return;
    const std::size_t colon = text.find(':');
    const std::string_view key = text.substr(2, colon == text.npos ? 0 : colon - 2);
    const std::string_view value = colon == text.npos ? "" : trimmed(text.substr(colon + 1));
    if (key == "RUN") run(value);
    else if (key == "INPUT") file_.subject = std::string(value);
    else if (key == "EXIT" || key == "STDOUT" || key == "STDERR" || key == "STDIN") directive(key, value);
  }

  void run(std::string_view value) {
    if (file_.steps.empty() || complete_) file_.steps.emplace_back();
    complete_ = false;
    file_.steps.back().commands.push_back(words_of(value));
    if (file_.steps.back().commands.back().empty()) fail("RUN without a command");
  }

  void directive(std::string_view key, std::string_view value) {
    if (file_.steps.empty()) return fail("an expectation before the first RUN");
    Step& step = file_.steps.back();
    complete_ = true;
    if (key == "STDIN") {
      block_ = &step.input;
      return;
    }
    expectation(step);
    if (key == "EXIT") {
      const auto [end, code] = std::from_chars(value.data(), value.data() + value.size(), step.expected.exit);
      if (code != std::errc{} || end != value.data() + value.size()) fail("EXIT needs a number");
      return;
    }
    if (!value.empty()) return fail(std::string(key) + " stands alone on its line; the text follows after `#| `");
    block_ = &(key == "STDOUT" ? step.expected.out : step.expected.err).emplace();
  }

  void block_line(std::string_view text) {
    if (block_ == nullptr) return fail("a line of text that belongs to no STDIN, STDOUT or STDERR");
    const bool unfinished = text.starts_with("!");
    if (unfinished) text.remove_prefix(1);
    if (text.starts_with(" ")) text.remove_prefix(1);
    block_->append(text);
    if (!unfinished) *block_ += '\n';
    if (block_ != &file_.steps.back().input) expectation(file_.steps.back());
  }

  void expectation(Step& step) {
    if (step.end_line == 0) step.first_line = number_;
    step.end_line = number_ + 1;
  }

  void fail(std::string what) {
    if (error_.empty()) error_ = file_.path.string() + ":" + std::to_string(number_ + 1) + ": " + std::move(what);
  }

  CaseFile file_;
  std::size_t number_ = 0;
  bool complete_ = false;  ///< the last step has its expectations: another RUN is another step
  std::string* block_ = nullptr;
  std::string error_;
};

void add_block(std::string& text, std::string_view key, const std::string& stream) {
  text.append("# ").append(key).append(":\n");
  for (const std::string& line : lines_of(stream)) text += line.empty() ? "#|\n" : "#| " + line + "\n";
  if (stream.empty() || stream.ends_with('\n')) return;
  const std::size_t last = text.rfind("\n#|") + 3;
  text.insert(last, "!");
}

std::string rendered(const Expectation& expectation) {
  std::string text;
  if (expectation.exit != 0) text += "# EXIT: " + std::to_string(expectation.exit) + "\n";
  if (expectation.out) add_block(text, "STDOUT", *expectation.out);
  if (expectation.err) add_block(text, "STDERR", *expectation.err);
  return text;
}

}  // namespace

bool is_case(const std::filesystem::path& path) {
  if (path.extension() == ".case") return true;
  if (path.extension() != ".yaml") return false;
  std::ifstream file(path, std::ios::binary);
  std::string line;
  return std::getline(file, line) && line.starts_with("# RUN:");
}

std::expected<CaseFile, std::string> read_case(const std::filesystem::path& path) {
  CaseFile file{.path = path, .subject = {}, .lines = lines_of(text_of(path)), .steps = {}};
  if (path.extension() != ".case") file.subject = path.filename().string();
  return Parser(std::move(file)).parse();
}

std::string with_expectations(const CaseFile& file, const std::vector<Expectation>& expectations) {
  std::string text;
  std::size_t line = 0;
  const auto copy_until = [&](std::size_t end) {
    while (line < end) text += file.lines[line++] + "\n";
  };
  for (std::size_t i = 0; i < file.steps.size(); ++i) {
    copy_until(file.steps[i].first_line);
    const std::string block = rendered(expectations[i]);
    if (!block.empty() && file.steps[i].first_line == file.steps[i].end_line && !text.ends_with("\n\n")) text += "\n";
    text += block;
    line = file.steps[i].end_line;
  }
  copy_until(file.lines.size());
  return text;
}

}  // namespace portpolicy::testing

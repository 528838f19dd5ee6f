// Runs the cases in a folder, or the examples, against the program; `--update` writes down what it says now.
//
//     case_runner PROGRAM CASES... [--update]
//     case_runner PROGRAM --examples SOURCE_ROOT [--update]

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <sstream>

#include "tests/support/case_file.h"
#include "tests/support/process.h"
#include "tests/support/scratch_folder.h"

namespace fs = std::filesystem;
using namespace portpolicy::testing;

namespace {

struct Settings {
  std::string program;
  bool update = false;
};

struct Tally {
  std::size_t passed = 0, failed = 0, updated = 0;
};

std::string contents(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write(const fs::path& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

using portpolicy::test::ScratchFolder;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  if (!text.empty() && !text.ends_with('\n')) lines.back() += "  (no line break)";
  return lines;
}

/// The lines that differ, between what is alike at the start and at the end.
std::string difference(const std::string& expected, const std::string& seen) {
  constexpr std::size_t most = 60;
  const std::vector<std::string> a = lines_of(expected), b = lines_of(seen);
  const auto common = [](const auto& first, const auto& last, const auto& other, const auto& other_last) {
    return static_cast<std::size_t>(std::mismatch(first, last, other, other_last).first - first);
  };
  const std::size_t head = common(a.begin(), a.end(), b.begin(), b.end());
  const auto left = static_cast<std::ptrdiff_t>(head);
  const std::size_t tail = common(a.rbegin(), a.rend() - left, b.rbegin(), b.rend() - left);
  std::string text = "    from line " + std::to_string(head + 1) + ":\n";
  const auto show = [&](const std::vector<std::string>& lines, char sign) {
    for (std::size_t i = head; i < lines.size() - tail; ++i) {
      if (i - head == most) {
        text += std::string("    ") + sign + " ... " + std::to_string(lines.size() - tail - i) + " more\n";
        break;
      }
      text += std::string("    ") + sign + " " + lines[i] + "\n";
    }
  };
  show(a, '-');
  show(b, '+');
  return text;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

/// The command's words with `%s` and `%t` filled in.
std::vector<std::string> command_words(const Settings& settings, const CaseFile& file, std::vector<std::string> words,
                                       const fs::path& scratch) {
  const bool names_subject = std::any_of(words.begin(), words.end(), [](const auto& w) { return w.contains("%s"); });
  if (!names_subject && file.subject) words.insert(words.begin() + 1, "%s");
  for (std::string& word : words) {
    const auto fill = [&word](std::string_view mark, const std::string& value) {
      for (std::size_t at = word.find(mark); at != word.npos; at = word.find(mark, at + value.size()))
        word.replace(at, mark.size(), value);
    };
    fill("%s", file.subject.value_or(""));
    fill("%t", scratch.string());
  }
  words.insert(words.begin(), settings.program);
  return words;
}

/// What one step did, and how that differs from what it should have done (empty: not at all).
struct StepResult {
  Expectation seen;
  std::string complaint;
  bool broken = false;  ///< nothing that could be written down as expected
};

StepResult run_step(const Settings& settings, const CaseFile& file, const Step& step, const fs::path& folder,
                    const fs::path& scratch) {
  StepResult result;
  std::string out, err;
  std::optional<int> exit;
  for (const std::vector<std::string>& words : step.commands) {
    const std::vector<std::string> command = command_words(settings, file, words, scratch);
    const Outcome outcome = run(command, folder, step.input);
    out += outcome.out;
    err += outcome.err;
    const auto complain = [&](const std::string& what) {
      result.complaint += "  " + joined({command.begin() + 1, command.end()}) + "\n    " + what + "\n";
    };
    if (!outcome.failure.empty()) {
      complain(outcome.failure);
      result.broken = true;
    } else if (outcome.exit != step.expected.exit) {
      complain("exit " + std::to_string(outcome.exit) + " instead of " + std::to_string(step.expected.exit));
    }
    if (exit && *exit != outcome.exit) result.broken = true;
    exit = outcome.exit;
  }

  const Expectation& expected = step.expected;
  const bool err_matters = expected.err.has_value() || expected.exit == 0;
  const auto compare = [&](const char* name, const std::string& wanted, const std::string& seen) {
    if (wanted != seen) result.complaint += std::string("  ") + name + "\n" + difference(wanted, seen);
  };
  if (expected.out) compare("standard output", *expected.out, out);
  if (err_matters) compare("standard error", expected.err.value_or(""), err);
  else if (!result.complaint.empty()) result.complaint += "  standard error was\n" + difference("", err);

  const bool nothing_said = !expected.out && !expected.err && expected.exit == 0;
  result.seen.exit = exit.value_or(0);
  if (expected.out || (nothing_said && !out.empty())) result.seen.out = out;
  if (expected.err || !err.empty()) result.seen.err = err;
  return result;
}

/// Runs one case. `copy` is the same file where the program may write beside it.
void run_case(const Settings& settings, const fs::path& original, const fs::path& copy, const fs::path& scratch,
              Tally& tally) {
  const auto file = read_case(original);
  if (!file) {
    std::cout << file.error() << "\n";
    ++tally.failed;
    return;
  }
  std::vector<Expectation> seen;
  std::string complaints;
  bool broken = false;
  for (const Step& step : file->steps) {
    const StepResult result = run_step(settings, *file, step, copy.parent_path(), scratch);
    seen.push_back(result.seen);
    complaints += result.complaint;
    broken = broken || result.broken;
  }
  if (complaints.empty()) {
    ++tally.passed;
  } else if (settings.update && !broken) {
    write(original, with_expectations(*file, seen));
    std::cout << "updated " << original.string() << "\n";
    ++tally.updated;
  } else {
    std::cout << "FAILED " << original.string() << "\n" << complaints;
    ++tally.failed;
  }
}

/// All cases at or below a path. They run in a copy outside of any work tree, so that messages name files relative to
/// the case's own folder wherever the sources lie.
void run_cases(const Settings& settings, const fs::path& where, Tally& tally) {
  const fs::path folder = fs::is_directory(where) ? where : where.parent_path();
  const ScratchFolder scratch;
  const fs::path copy = scratch.path() / "cases", written = scratch.path() / "written";
  fs::create_directory(written);
  fs::copy(folder, copy, fs::copy_options::recursive | fs::copy_options::copy_symlinks);

  std::vector<fs::path> files;
  if (folder != where) files.push_back(where);
  else
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder))
      if (entry.is_regular_file() && is_case(entry.path())) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  for (const fs::path& file : files) run_case(settings, file, copy / fs::relative(file, folder), written, tally);
}

/// One example: the policy has no errors, and each file in `expected/` is what the program writes.
void run_example(const Settings& settings, const fs::path& root, const fs::path& folder, Tally& tally) {
  const std::string policy = (fs::relative(folder, root) / "policy.yaml").string();
  std::string complaints;
  // The root is the same whether or not the sources are a git work tree, and the day because rules of examples end.
  const auto checked = [&](std::vector<std::string> words) {
    words.insert(words.begin(), settings.program);
    words.insert(words.end(), {"--root", ".", "--at", "2027-01-01"});
    const Outcome outcome = run(words, root, "");
    if (outcome.exit != 0 || !outcome.failure.empty())
      complaints +=
          "  " + words[1] + ": exit " + std::to_string(outcome.exit) + " " + outcome.failure + "\n" + outcome.err;
    return outcome;
  };
  checked({"check", policy});
  const fs::path expected = folder / "expected" / "nftables.nft";
  const std::string text = checked({"compile", policy, "--target", "nftables"}).out;
  if (complaints.empty() && settings.update && text != contents(expected)) {
    fs::create_directories(expected.parent_path());
    write(expected, text);
    std::cout << "updated " << expected.string() << "\n";
    ++tally.updated;
    return;
  }
  if (complaints.empty() && text != contents(expected))
    complaints += "  " + expected.string() + "\n" + difference(contents(expected), text);
  if (!complaints.empty()) std::cout << "FAILED " << policy << "\n" << complaints;
  ++(complaints.empty() ? tally.passed : tally.failed);
}

void run_examples(const Settings& settings, const fs::path& root, Tally& tally) {
  std::vector<fs::path> folders;
  for (const fs::directory_entry& entry : fs::directory_iterator(root / "examples"))
    if (fs::exists(entry.path() / "policy.yaml")) folders.push_back(entry.path());
  std::sort(folders.begin(), folders.end());
  for (const fs::path& folder : folders) run_example(settings, root, folder, tally);
}

int usage() {
  std::cerr << "usage: case_runner PROGRAM (CASES... | --examples SOURCE_ROOT) [--update]\n";
  return 2;
}

int run(std::vector<std::string> words) {
  Settings settings;
  settings.update = std::erase(words, "--update") != 0;
  const bool examples = std::erase(words, "--examples") != 0;
  if (words.size() < 2) return usage();
  settings.program = fs::absolute(words[0]).string();

  Tally tally;
  for (auto where = words.begin() + 1; where != words.end(); ++where) {
    const fs::path path = fs::canonical(*where);
    if (examples) run_examples(settings, path, tally);
    else run_cases(settings, path, tally);
  }
  std::cout << tally.passed << " passed, " << tally.failed << " failed";
  if (settings.update) std::cout << ", " << tally.updated << " updated";
  std::cout << "\n";
  if (tally.passed + tally.failed + tally.updated == 0) std::cout << "nothing to run\n";
  return tally.failed == 0 && tally.passed + tally.updated != 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run({argv + 1, argv + argc});
  } catch (const std::exception& problem) {
    std::cerr << "case_runner: " << problem.what() << '\n';
    return 1;
  }
}

#include "cli/program.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "cli/exit_code.h"
#include "compiler/diagnostics/code.h"

using namespace portpolicy;

namespace {

struct Outcome {
  int code;
  std::string out, err;
};

Outcome run(std::vector<std::string> arguments) {
  std::istringstream in;
  std::ostringstream out, err;
  cli::Io io{.in = in, .out = out, .err = err, .library = "/nonexistent", .today = {}};
  const int code = cli::run(std::move(arguments), io);
  return {code, out.str(), err.str()};
}

std::string first_line(const std::string& text) {
  return text.substr(0, text.find('\n'));
}

}  // namespace

TEST_SUITE("program") {
  TEST_CASE("without a command the help goes to the messages, and that is wrong usage") {
    const Outcome outcome = run({});
    CHECK(outcome.code == cli::exit_usage);
    CHECK(outcome.out.empty());
    CHECK(outcome.err.find("explain-code") != std::string::npos);
  }

  TEST_CASE("help that was asked for is a result") {
    CHECK(run({"--help"}).out.find("Exit codes") != std::string::npos);
    for (const char* command :
         {"init", "check", "test", "compile", "explain", "explain-code", "graph", "services", "schema", "completion"}) {
      CAPTURE(command);
      const Outcome outcome = run({command, "--help"});
      CHECK(outcome.code == cli::exit_done);
      CHECK(outcome.err.empty());
      CHECK(outcome.out.find(std::string("portpolicy ") + command) != std::string::npos);
      CHECK(outcome.out.find("Example") != std::string::npos);
      CHECK(outcome.out.find("Exit codes") != std::string::npos);
    }
  }

  TEST_CASE("the version is one line") {
    const Outcome outcome = run({"--version"});
    CHECK(outcome.code == cli::exit_done);
    CHECK(outcome.out.starts_with("portpolicy "));
    CHECK(outcome.out.find('\n') == outcome.out.size() - 1);
  }

  TEST_CASE("what is misspelt is named, with what may be meant, and exits with 2") {
    const std::vector<std::pair<std::vector<std::string>, std::string>> mistakes = {
        {{"chekc"}, "portpolicy: unknown command `chekc`; did you mean `check`?"},
        {{"frobnicate"}, "portpolicy: unknown command `frobnicate`"},
        {{"--versoin"}, "portpolicy: unknown option `--versoin`; did you mean `--version`?"},
        {{"check", "p.yaml", "--fromat", "json"},
         "portpolicy check: unknown option `--fromat`; did you mean `--format`?"},
        {{"check", "p.yaml", "--fromat=json"}, "portpolicy check: unknown option `--fromat`; did you mean `--format`?"},
        {{"compile", "p.yaml", "--taget", "nftables"},
         "portpolicy compile: unknown option `--taget`; did you mean `--target`?"},
        {{"check", "p.yaml", "q.yaml"}, "portpolicy check: unexpected argument `q.yaml`"},
        {{"check", "p.yaml", "--format", "jsno"},
         "portpolicy check: --format takes text or json, not `jsno`; did you mean `json`?"},
        {{"check", "p.yaml", "--fail-on", "note"}, "portpolicy check: --fail-on takes error or warning, not `note`"},
        {{"check"}, "portpolicy check: which policy? Name its file"},
        {{"compile", "p.yaml"}, "portpolicy compile: for which target? Give --target nftables|iptables|windows"},
        {{"compile", "p.yaml", "--target", "pf"},
         "portpolicy compile: --target takes nftables, iptables or windows, not `pf`"},
        {{"compile", "p.yaml", "--target", "iptables"},
         "portpolicy compile: for iptables several files are written; name their folder with -o, or look at them with "
         "--print=iptables"},
        {{"compile", "p.yaml", "--target", "windows", "--counters"},
         "portpolicy compile: --counters is for nftables and iptables; Windows Firewall counts nothing"},
        {{"compile", "p.yaml", "--target", "windows", "--optimize=fast"},
         "portpolicy compile: --optimize is for nftables and iptables"},
        {{"compile", "p.yaml", "--target", "nftables", "--skip-unsupported"},
         "portpolicy compile: --skip-unsupported is for windows"},
        {{"compile", "p.yaml", "--target", "nftable"},
         "portpolicy compile: --target takes nftables, iptables or windows, not `nftable`; did you mean `nftables`?"},
        {{"compile", "p.yaml", "--print=grpah"},
         "portpolicy compile: --print takes policy, graph, filter, nftables, iptables or windows, not `grpah`; did you "
         "mean "
         "`graph`?"},
        {{"schem"}, "portpolicy: unknown command `schem`; did you mean `schema`?"},
        {{"schema", "p.yaml"}, "portpolicy schema: unexpected argument `p.yaml`"},
        {{"schema", "--format"}, "portpolicy schema: unknown option `--format`"},
        {{"explain-code", "PP999"}, "portpolicy explain-code: there is no finding `PP999`"},
        {{"check", "\x1b[31m", "x\x1b"}, "portpolicy check: unexpected argument `x\\x1b`"},
        {{"explain", "p.yaml", "inbuond"},
         "portpolicy explain: DIRECTION takes inbound, outbound or forward, not `inbuond`; did you mean `inbound`?"},
        {{"explain", "p.yaml", "inbound", "--state", "old"},
         "portpolicy explain: --state takes new, established, related, invalid or untracked, not `old`"},
        {{"check", "p.yaml", "--color", "yes"}, "portpolicy check: --color takes auto, always or never, not `yes`"},
        {{"completion", "csh"}, "portpolicy completion: SHELL takes bash, zsh or fish, not `csh`"},
        {{"completion"}, "portpolicy completion: for which shell? Name bash, zsh or fish"},
        {{"explain", "p.yaml", "inbound"},
         "portpolicy explain: a packet needs a direction, --from, --to and --service; or give many with --packets"},
        {{"explain", "p.yaml", "inbound", "--packets", "-"},
         "portpolicy explain: --packets brings whole packets; leave out what describes one"},
    };
    for (const auto& [arguments, message] : mistakes) {
      CAPTURE(message);
      const Outcome outcome = run(arguments);
      CHECK(outcome.code == cli::exit_usage);
      CHECK(outcome.out.empty());
      const std::string line = first_line(outcome.err);
      CHECK(line.substr(0, message.size()) == message);
    }
  }

  TEST_CASE("the schema is JSON, always the same, and a result") {
    const Outcome outcome = run({"schema"});
    CHECK(outcome.code == cli::exit_done);
    CHECK(outcome.err.empty());
    CHECK(outcome.out == run({"schema"}).out);
    CHECK(outcome.out.ends_with("}\n"));
    const nlohmann::json schema = nlohmann::json::parse(outcome.out);
    CHECK(schema["$schema"] == "http://json-schema.org/draft-07/schema#");
    CHECK(schema["properties"]["portpolicy"]["const"] == 1);
  }

  TEST_CASE("a file that is called like a command is a file") {
    const Outcome outcome = run({"check", "explain"});
    CHECK(outcome.code == cli::exit_file);
    CHECK(outcome.err == "portpolicy: cannot read `explain`: No such file or directory\n");
  }

  TEST_CASE("an option without its value, or twice, is wrong usage") {
    CHECK(run({"check", "p.yaml", "--root"}).code == cli::exit_usage);
    CHECK(run({"check", "p.yaml", "--root", "a", "--root", "b"}).code == cli::exit_usage);
  }

  TEST_CASE("an impossible day is wrong usage") {
    for (const char* day : {"2026-02-30", "today", "2026-1-1", ""}) {
      CAPTURE(day);
      CHECK(run({"check", "p.yaml", "--at", day}).code == cli::exit_usage);
    }
  }

  TEST_CASE("every code is listed, and explained on one page") {
    const std::string list = run({"explain-code"}).out;
    const std::string page = run({"explain-code", "--format", "markdown"}).out;
    for (const CodeInfo& code : all_codes()) {
      CAPTURE(to_string(code.code));
      CHECK(list.find(to_string(code.code) + "  ") != std::string::npos);
      CHECK(page.find("## " + to_string(code.code) + ": ") != std::string::npos);
      const Outcome one = run({"explain-code", to_string(code.code)});
      CHECK(one.code == cli::exit_done);
      CHECK(one.out.starts_with(to_string(code.code) + " ("));
    }
  }
}

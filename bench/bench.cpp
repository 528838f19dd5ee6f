// What compiling and checking cost. Compiling stands beside what `nft -f` or iptables-restore cost for the same rules
// written plainly: processor time (user and system) and peak memory, medians of interleaved rounds, each of these in a
// network namespace of its own. Checking stands beside what it may cost.
//
//     portpolicy_bench PROGRAM [--quick] [compile|check]
//     portpolicy_bench PROGRAM [--quick] kernel --kperf DIR
//     portpolicy_bench PROGRAM rules --corpus DIR
//
// The last but one says what the rules cost a packet in the kernel; kperf is a program that sends packets there.
//
// This process stays small on purpose: a child's peak memory counts from what its parent had when it was forked.

#include <stdlib.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "bench/kernel.h"
#include "bench/measure.h"

namespace fs = std::filesystem;
using namespace portpolicy::bench;

namespace {

struct Workshop {
  std::string program, generator;
  fs::path folder;

  fs::path make(const std::string& kind, std::size_t count, int seed = 1) const {
    const fs::path made = folder / (kind + "-" + std::to_string(count) + "-" + std::to_string(seed));
    measure({generator, kind, std::to_string(count), made.string(), std::to_string(seed)});
    return made;
  }
  Cost compile(const fs::path& made) const {
    return measure({program, "compile", (made / "policy.yaml").string(), "--target", "nftables"});
  }
  Cost check(const fs::path& made) const {
    return measure({program, "check", "--quiet", (made / "policy.yaml").string()});
  }
  /// With all its findings, errors among them; they are in the file `findings`.
  Cost check_and_report(const fs::path& made) const {
    return measure({program, "check", "--format", "json", (made / "policy.yaml").string()},
                   {.output = (made / "findings").string(), .may_find = true});
  }
};

/// How often the word stands in a file, which is not held in memory.
std::size_t count(const fs::path& file, std::string_view word) {
  std::ifstream in(file, std::ios::binary);
  std::string window;
  std::array<char, 1 << 16> buffer;
  std::size_t found = 0;
  while (in.read(buffer.data(), buffer.size()), in.gcount() > 0) {
    window.append(buffer.data(), static_cast<std::size_t>(in.gcount()));
    std::size_t at = 0;
    for (std::size_t next; (next = window.find(word, at)) != std::string::npos; at = next + word.size()) ++found;
    window.erase(0, std::max(at, window.size() - std::min(window.size(), word.size() - 1)));
  }
  return found;
}

bool is_too_complex(const fs::path& made) {
  return count(made / "findings", "\"code\":\"PP305\"") != 0;
}

/// What a check may cost at most.
struct Bar {
  double cpu_seconds = 0, megabytes = 0;
};

std::string judged(const Cost& cost, const Bar& bar, bool answered = true) {
  if (bar.cpu_seconds == 0) return "";
  char text[64];
  const bool within = cost.cpu_seconds <= bar.cpu_seconds && cost.megabytes <= bar.megabytes;
  std::snprintf(text, sizeof text, "%s %g s, %g MB", within ? "within" : "OVER", bar.cpu_seconds, bar.megabytes);
  return std::string(text) + (answered ? "" : ", BUT TOO COMPLEX");
}

int rounds_for(std::size_t count) {
  return count <= 1'000 ? 11 : count <= 10'000 ? 5 : 3;
}

/// So many times the CPU of `nft -f` compiling may cost, reading back and proof included; 0: nothing is asked.
double most_ratio_of(std::size_t rules) {
  return rules == 10'000 ? 3 : rules == 100'000 ? 4 : 0;
}

void compare_rules(const Workshop& workshop, const std::vector<std::size_t>& counts) {
  std::printf("compile --target nftables, with the proof, beside nft -f of the same rules\n");
  std::printf("%10s %14s %8s %14s %8s %8s %14s\n", "rules", "portpolicy", "MB", "nft -f", "MB", "ratio",
              "growth of CPU");
  Cost before{};
  for (const std::size_t count : counts) {
    const fs::path made = workshop.make("rules", count);
    std::vector<Cost> ours, theirs;
    for (int round = 0; round < rounds_for(count); ++round) {
      ours.push_back(workshop.compile(made));
      theirs.push_back(measure({"nft", "-f", (made / "plain.nft").string()}, {.where = Namespace::fresh}));
    }
    const Cost mine = median(ours), plain = median(theirs);
    const double ratio = mine.cpu_seconds / plain.cpu_seconds;
    std::printf("%10zu %12.1fms %8.1f %12.1fms %8.1f %7.2fx", count, mine.cpu_seconds * 1e3, mine.megabytes,
                plain.cpu_seconds * 1e3, plain.megabytes, ratio);
    if (before.cpu_seconds > 0) std::printf(" %13.1fx", mine.cpu_seconds / before.cpu_seconds);
    if (const double most = most_ratio_of(count); most != 0)
      std::printf("  %s %.0fx", ratio <= most ? "within" : "OVER", most);
    std::printf("\n");
    std::fflush(stdout);
    before = mine;
  }
}

/// Loading what was compiled, beside loading the same rules written plainly.
void compare_loading(const Workshop& workshop, const std::vector<std::size_t>& counts) {
  constexpr double most_ratio = 0.7;
  std::printf("\nnft -f of the compiled script, beside nft -f of the same rules written plainly\n");
  std::printf("%10s %14s %8s %14s %8s %8s\n", "rules", "compiled", "MB", "plain", "MB", "ratio");
  for (const std::size_t count : counts) {
    const fs::path made = workshop.make("rules", count);
    const std::string script = (made / "compiled.nft").string();
    measure({workshop.program, "compile", (made / "policy.yaml").string(), "--target", "nftables", "-o", script});
    std::vector<Cost> ours, theirs;
    for (int round = 0; round < rounds_for(count); ++round) {
      ours.push_back(measure({"nft", "-f", script}, {.where = Namespace::fresh}));
      theirs.push_back(measure({"nft", "-f", (made / "plain.nft").string()}, {.where = Namespace::fresh}));
    }
    const Cost mine = median(ours), plain = median(theirs);
    const double ratio = mine.cpu_seconds / plain.cpu_seconds;
    std::printf("%10zu %12.1fms %8.1f %12.1fms %8.1f %7.2fx  %s %.1fx\n", count, mine.cpu_seconds * 1e3, mine.megabytes,
                plain.cpu_seconds * 1e3, plain.megabytes, ratio, ratio <= most_ratio ? "within" : "OVER", most_ratio);
    std::fflush(stdout);
  }
}

/// Both families: iptables is two programs.
Cost load_plain_iptables(const fs::path& made) {
  const Cost v4 = measure({"iptables-nft-restore", (made / "plain.v4").string()}, {.where = Namespace::fresh});
  const Cost v6 = measure({"ip6tables-nft-restore", (made / "plain.v6").string()}, {.where = Namespace::fresh});
  return {v4.cpu_seconds + v6.cpu_seconds, std::max(v4.megabytes, v6.megabytes)};
}

void compare_iptables(const Workshop& workshop, const std::vector<std::size_t>& counts) {
  constexpr double most_ratio = 4;
  std::printf("\ncompile --target iptables, with the proof, beside iptables-nft-restore and ip6tables-nft-restore\n");
  std::printf("%10s %14s %8s %14s %8s %8s\n", "rules", "portpolicy", "MB", "plain", "MB", "ratio");
  for (const std::size_t count : counts) {
    const fs::path made = workshop.make("rules", count);
    std::vector<Cost> ours, theirs;
    for (int round = 0; round < rounds_for(count); ++round) {
      ours.push_back(measure({workshop.program, "compile", (made / "policy.yaml").string(), "--target", "iptables",
                              "-o", (made / "firewall").string()}));
      theirs.push_back(load_plain_iptables(made));
    }
    const Cost mine = median(ours), plain = median(theirs);
    const double ratio = mine.cpu_seconds / plain.cpu_seconds;
    std::printf("%10zu %12.1fms %8.1f %12.1fms %8.1f %7.2fx", count, mine.cpu_seconds * 1e3, mine.megabytes,
                plain.cpu_seconds * 1e3, plain.megabytes, ratio);
    if (count == 10'000) std::printf("  %s %.0fx", ratio <= most_ratio ? "within" : "OVER", most_ratio);
    std::printf("\n");
    std::fflush(stdout);
  }
}

void measure_one(const char* what, const Cost& cost) {
  std::printf("%-58s %10.2f s %8.0f MB\n", what, cost.cpu_seconds, cost.megabytes);
  std::fflush(stdout);
}

/// Windows has no way to load rules that could be measured here: bars alone.
void compile_for_windows(const Workshop& workshop) {
  constexpr std::size_t most_rules = 20'000;
  std::printf("\ncompile --target windows, with the proof\n");
  std::printf("%34s %8s %12s %8s %14s\n", "", "rules", "CPU", "MB", "Windows rules");
  struct Row {
    const char* kind;
    std::size_t rules;
    Bar bar;
  };
  for (const auto& [kind, rules, bar] : {Row{"alternating", 1'000, {1, 300}}, Row{"alternating", 10'000, {}},
                                         Row{"nested", 1'000, {1, 300}}, Row{"nested", 5'000, {}}}) {
    const fs::path made = workshop.make(kind, rules);
    const std::string script = (made / "firewall.ps1").string();
    std::vector<Cost> costs;
    for (int round = 0; round < rounds_for(rules); ++round)
      costs.push_back(measure({workshop.program, "compile", "--quiet", (made / "policy.yaml").string(), "--target",
                               "windows", "-o", script}));
    const Cost cost = median(costs);
    const std::size_t written = count(script, "        Name = 'portpolicy-");
    std::printf("%34s %8zu %10.2f s %8.0f %14zu  %s%s\n", kind, rules, cost.cpu_seconds, cost.megabytes, written,
                judged(cost, bar).c_str(), written > most_rules ? " OVER 20,000 rules" : "");
    std::fflush(stdout);
  }
}

template <class Run>
Cost typical(int rounds, Run run) {
  std::vector<Cost> costs;
  costs.reserve(static_cast<std::size_t>(rounds));
  for (int round = 0; round < rounds; ++round) costs.push_back(run());
  return median(std::move(costs));
}

/// Up to the most that the language allows.
void compare_sizes(const Workshop& workshop, const char* what, const std::string& kind,
                   const std::vector<std::size_t>& counts) {
  std::printf("\n%-26s %12s %8s %12s %8s %14s\n", what, "check", "MB", "compile", "MB", "growth of CPU");
  Cost before{};
  for (const std::size_t count : counts) {
    const fs::path made = workshop.make(kind, count);
    const Cost check = typical(3, [&] { return workshop.check(made); });
    const Cost compile = typical(3, [&] { return workshop.compile(made); });
    std::printf("%26zu %10.2f s %8.0f %10.2f s %8.0f", count, check.cpu_seconds, check.megabytes, compile.cpu_seconds,
                compile.megabytes);
    if (before.cpu_seconds > 0) std::printf(" %13.1fx", compile.cpu_seconds / before.cpu_seconds);
    std::printf("\n");
    std::fflush(stdout);
    before = compile;
  }
}

/// `check` of policies of one file, beside what it may cost.
using Sizes = std::vector<std::pair<std::size_t, Bar>>;
void check_hosts(const Workshop& workshop, const Sizes& sizes) {
  std::printf("\n%-26s %12s %8s %10s %14s\n", "check, rules of a host", "CPU", "MB", "findings", "growth of CPU");
  Cost before{};
  for (const auto& [rules, bar] : sizes) {
    const fs::path made = workshop.make("host", rules);
    const Cost cost = typical(3, [&] { return workshop.check_and_report(made); });
    std::printf("%26zu %10.2f s %8.0f %10zu", rules, cost.cpu_seconds, cost.megabytes,
                count(made / "findings", "\"code\":"));
    if (before.cpu_seconds > 0) std::printf(" %13.1fx", cost.cpu_seconds / before.cpu_seconds);
    else std::printf(" %14s", "");
    std::printf("  %s\n", judged(cost, bar, !is_too_complex(made)).c_str());
    std::fflush(stdout);
    before = cost;
  }
  const fs::path made = workshop.make("blocklist", 120'000);
  const Cost cost = typical(3, [&] { return workshop.check_and_report(made); });
  std::printf("%26s %10.2f s %8.0f %10zu %14s  %s\n", "120,000 prefixes, 51 rules", cost.cpu_seconds, cost.megabytes,
              count(made / "findings", "\"code\":"), "", judged(cost, {3, 500}, !is_too_complex(made)).c_str());
}

/// Rules over addresses and ports whose wildcards overlap. Some questions about them are too complex, which is said (PP305).
void check_correlated(const Workshop& workshop, const std::string& prefix, const char* what,
                      const std::vector<std::size_t>& sizes, int seeds) {
  constexpr Bar bar{30, 3'000};
  std::printf("\n%-26s %8s %12s %12s %8s %12s\n", what, "rules", "CPU", "worst", "worst MB", "too complex");
  for (const std::size_t rules : sizes) {
    for (const char* kind : {"acl", "fw", "chains"}) {
      std::vector<Cost> costs;
      Cost worst{};
      int given_up = 0;
      for (int seed = 1; seed <= seeds; ++seed) {
        const fs::path made = workshop.make(prefix + kind, rules, seed);
        costs.push_back(workshop.check_and_report(made));
        worst.cpu_seconds = std::max(worst.cpu_seconds, costs.back().cpu_seconds);
        worst.megabytes = std::max(worst.megabytes, costs.back().megabytes);
        if (is_too_complex(made)) ++given_up;
      }
      std::printf("%26s %8zu %10.2f s %10.2f s %8.0f %7d of %d  %s\n", kind, rules, median(costs).cpu_seconds,
                  worst.cpu_seconds, worst.megabytes, given_up, seeds, judged(worst, bar).c_str());
      std::fflush(stdout);
    }
  }
}

void measure_compiling(const Workshop& workshop, bool quick) {
  compare_rules(workshop, quick ? std::vector<std::size_t>{100, 1'000}
                                : std::vector<std::size_t>{100, 1'000, 10'000, 100'000, 200'000});
  compare_loading(workshop, quick ? std::vector<std::size_t>{1'000} : std::vector<std::size_t>{10'000, 100'000});
  compare_iptables(workshop,
                   quick ? std::vector<std::size_t>{1'000} : std::vector<std::size_t>{1'000, 10'000, 100'000});
  compile_for_windows(workshop);
  const fs::path siblings = workshop.make("siblings", 10'000);
  std::printf("\n");
  measure_one("check, 10,000 rules in two files that disagree nowhere",
              typical(3, [&] { return workshop.check(siblings); }));
  measure_one("compile of the same", typical(3, [&] { return workshop.compile(siblings); }));
  if (quick) return;
  compare_sizes(workshop, "included files", "includes", {16, 32, 64});
  compare_sizes(workshop, "prefixes in a list file", "list", {500'000, 1'000'000, 2'000'000});
}

void measure_checking(const Workshop& workshop, bool quick) {
  check_hosts(workshop, quick ? Sizes{{100, {}}, {1'000, {}}, {10'000, {1, 300}}}
                              : Sizes{{100, {}}, {1'000, {}}, {10'000, {1, 300}}, {100'000, {15, 2'000}}});
  const int seeds = quick ? 1 : 3;
  check_correlated(workshop, "", "check, correlated rules",
                   quick ? std::vector<std::size_t>{1'000} : std::vector<std::size_t>{1'000, 10'000}, seeds);
  check_correlated(workshop, "two-", "in each of two files",
                   quick ? std::vector<std::size_t>{1'000} : std::vector<std::size_t>{1'000, 5'000}, seeds);
}

/// `check --from` of rule sets that others wrote: `iptables-save/*.save` and `nft/*.nft` of a folder, the large ones.
void check_rules_of_others(const Workshop& workshop, const fs::path& corpus) {
  constexpr Bar bar{1.5, 300};
  constexpr std::uintmax_t least_bytes = 100'000;
  std::printf("\n%-26s %8s %12s %8s %10s\n", "check --from", "lines", "CPU", "MB", "findings");
  const std::string output = (workshop.folder / "findings").string();
  for (const auto& [folder, kind] : {std::pair("iptables-save", "iptables"), std::pair("nft", "nftables")}) {
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator(corpus / folder))
      if (entry.file_size() >= least_bytes) files.push_back(entry.path());
    std::ranges::sort(files);
    for (const fs::path& file : files) {
      const Cost cost = typical(5, [&] {
        return measure({workshop.program, "check", "--from", kind, "--format", "json", file.string()},
                       {.output = output, .may_find = true});
      });
      std::printf("%26s %8zu %10.2f s %8.0f %10zu  %s\n", file.stem().c_str(), count(file, "\n"), cost.cpu_seconds,
                  cost.megabytes, count(output, "\"code\":"),
                  judged(cost, bar, count(output, "\"code\":\"PP305\"") == 0).c_str());
      std::fflush(stdout);
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string> words(argv + std::min(argc, 2), argv + argc);
  const auto folder_of = [&](const char* option) {
    const auto at = std::ranges::find(words, option);
    if (at == words.end() || at + 1 == words.end()) return fs::path();
    fs::path named = fs::absolute(*(at + 1));
    words.erase(at, at + 2);
    return named;
  };
  const fs::path kperf = folder_of("--kperf"), corpus = folder_of("--corpus");
  const auto given = [&](const char* word) { return std::ranges::find(words, word) != words.end(); };
  const bool unknown = std::ranges::any_of(words, [](const std::string& word) {
    return word != "--quick" && word != "compile" && word != "check" && word != "kernel" && word != "rules";
  });
  if (argc < 2 || unknown || (given("rules") && corpus.empty())) {
    std::fprintf(stderr,
                 "usage: portpolicy_bench PROGRAM [--quick] [compile|check|kernel --kperf DIR|rules --corpus DIR]\n");
    return 2;
  }
  std::string folder = (fs::temp_directory_path() / "portpolicy-bench-XXXXXX").string();
  if (mkdtemp(folder.data()) == nullptr) return std::perror("bench"), 1;
  const Workshop workshop{
      argv[1], (fs::canonical("/proc/self/exe").parent_path() / "portpolicy_bench_generate").string(), folder};

  const bool all = !given("compile") && !given("check") && !given("kernel") && !given("rules");
  if (all || given("compile")) measure_compiling(workshop, given("--quick"));
  if (all || given("check")) measure_checking(workshop, given("--quick"));
  if (given("rules")) check_rules_of_others(workshop, corpus);
  if (given("kernel")) {
    const auto make = [&](const std::string& kind, std::size_t count) { return workshop.make(kind, count); };
    measure_kernel({workshop.program, kperf, workshop.folder, make}, given("--quick"));
  }
  std::error_code ignored;
  fs::remove_all(folder, ignored);
  return 0;
}

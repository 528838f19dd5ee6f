#include "bench/kernel.h"

#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "bench/measure.h"

namespace fs = std::filesystem;

namespace portpolicy::bench {
namespace {

/// Nanoseconds that a rule set adds to a packet, and the share of packets that passed it.
struct Added {
  double ns = 0, passed = 0;
};
using Figures = std::map<std::string, Added>;  // by the name of the rule set

/// What a packet that meets a rule may cost at most.
std::optional<double> bar_for(std::size_t rules) {
  switch (rules) {
    case 10:
      return 100;
    case 1'000:
      return 160;
    case 10'000:
      return 310;
    case 100'000:
      return 900;
    default:
      return std::nullopt;
  }
}
constexpr double miss_over_hit = 1.3;
constexpr std::size_t most_linear_rules = 10'000;  ///< a packet through more takes longer than anybody waits

class Bench {
 public:
  Bench(const KernelBench& bench, bool quick) : bench_(bench), rounds_(quick ? "20" : "60") {
    measure(
        {"make", "-C", bench.kperf_source.string(), "OUT=" + bench.folder.string(), (bench.folder / "kperf").string()});
  }

  /// The name of the compiled script, in the same folder.
  std::string compile(const fs::path& made, const std::string& policy, const std::string& script) const {
    measure(
        {bench_.program, "compile", (made / policy).string(), "--target", "nftables", "-o", (made / script).string()});
    return script;
  }

  Figures ask(const fs::path& made, const std::string& packets, const std::vector<std::string>& scripts) const {
    const fs::path csv = made / "figures.csv";
    fs::remove(csv);
    std::vector<std::string> words{(bench_.folder / "kperf").string(), "-n", rounds_, "--csv", csv.string(), "-p",
                                   (made / packets).string()};
    for (const std::string& script : scripts) words.push_back((made / script).string());
    measure(words);
    // name,ns,added,ratio,passed,load_s
    Figures figures;
    std::ifstream in(csv);
    for (std::string line; std::getline(in, line);) {
      std::vector<std::string> fields;
      std::istringstream split(line);
      for (std::string field; std::getline(split, field, ',');) fields.push_back(field);
      if (fields.size() >= 5) figures[fields[0]] = {std::stod(fields[2]), std::stod(fields[4])};
    }
    return figures;
  }

 private:
  const KernelBench& bench_;
  std::string rounds_;
};

/// Two rule sets of one policy pass the same packets, or one of them is wrong.
void expect(const Added& added, double passed, const std::string& what) {
  if (added.passed == passed) return;
  std::printf("VOID: %s passed %.2f %% of the packets, not %.0f\n", what.c_str(), added.passed, passed);
}

void compare_with_lines(const Bench& bench, const KernelBench& kernel, const std::vector<std::size_t>& sizes) {
  std::printf("\n%-22s %10s %10s %12s %10s  %s\n", "added ns a packet", "hits", "misses", "linear", "less", "at most");
  for (const std::string family : {"4", "6"}) {
    for (const std::size_t rules : sizes) {
      const fs::path made = kernel.make("sources" + family, rules);
      std::vector<std::string> scripts{bench.compile(made, "policy.yaml", "ours.nft")};
      const bool linear = rules <= most_linear_rules;
      if (linear) scripts.emplace_back("linear.nft");
      Figures hits = bench.ask(made, "hits.pk", scripts), misses = bench.ask(made, "misses.pk", {"ours.nft"});
      const Added hit = hits["ours.nft"], miss = misses["ours.nft"];
      expect(hit, 100, "our script, of the packets of its rules,");
      expect(miss, 0, "our script, of other packets,");
      if (linear) expect(hits["linear.nft"], 100, "the linear one");
      std::printf("IPv%s %11zu rules %7.0f %10.0f", family.c_str(), rules, hit.ns, miss.ns);
      if (linear) std::printf(" %12.0f %9.0fx", hits["linear.nft"].ns, hits["linear.nft"].ns / hit.ns);
      else std::printf(" %12s %10s", "-", "-");
      const std::optional<double> bar = bar_for(rules);
      if (bar) {
        const bool within = hit.ns <= *bar && miss.ns <= *bar * miss_over_hit;
        std::printf("  %s %.0f, %.0f", within ? "within" : "OVER", *bar, *bar * miss_over_hit);
      }
      std::printf("\n");
      std::fflush(stdout);
    }
  }
}

/// Packets of connections that are there, as most are: the kernel tracks each one when its first packet is let in.
void compare_with_tracking(const Bench& bench, const KernelBench& kernel, const std::vector<std::size_t>& sizes) {
  std::printf("\n%-22s %10s %14s %10s\n", "with base traffic", "ours", "only tracking", "more");
  for (const std::string family : {"4", "6"}) {
    for (const std::size_t rules : sizes) {
      const fs::path made = kernel.make("sources" + family, rules);
      Figures figures = bench.ask(made, "hits.pk", {bench.compile(made, "based.yaml", "based.nft"), "conntrack.nft"});
      expect(figures["based.nft"], 100, "our script with base traffic");
      const double ours = figures["based.nft"].ns, tracking = figures["conntrack.nft"].ns;
      std::printf("IPv%s %11zu rules %7.0f %14.0f %10.0f\n", family.c_str(), rules, ours, tracking, ours - tracking);
      std::fflush(stdout);
    }
  }
}

}  // namespace

void measure_kernel(const KernelBench& kernel, bool quick) {
  if (kernel.kperf_source.empty() || !fs::exists(kernel.kperf_source / "Makefile")) {
    std::printf("SKIPPED: the kernel is measured with kperf, whose folder `--kperf DIR` names\n");
    return;
  }
  if (geteuid() != 0) {
    std::printf("SKIPPED: only root can send packets through the kernel as kperf does\n");
    return;
  }
  const std::vector<std::size_t> sizes =
      quick ? std::vector<std::size_t>{10, 1'000} : std::vector<std::size_t>{10, 1'000, 10'000, 100'000};
  std::printf("random packets through policies of rules `allow PORT from PREFIX`, over a namespace without rules\n");
  const Bench bench(kernel, quick);
  compare_with_lines(bench, kernel, sizes);
  compare_with_tracking(bench, kernel, sizes);
}

}  // namespace portpolicy::bench

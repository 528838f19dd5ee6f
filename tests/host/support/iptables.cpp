#include "tests/host/support/iptables.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "backends/iptables/lower.h"
#include "backends/iptables/print.h"
#include "backends/iptables/read.h"
#include "backends/iptables/scripts.h"
#include "compiler/diagnostics/render.h"
#include "compiler/proof/proof.h"
#include "tests/host/support/network.h"

namespace portpolicy::host_tests {
namespace {

std::string command(Variant variant, Family family, std::string_view verb) {
  std::string name = family == Family::ipv4 ? "iptables-" : "ip6tables-";
  name += to_string(variant);
  return verb.empty() ? name : name + "-" + std::string(verb);
}

Finished run(const std::vector<std::string>& words, std::string_view input = {}) {
  const Result<Finished> finished = execute(words, input);
  if (!finished) FAIL(finished.error().message);
  return *finished;
}

std::string must(const std::vector<std::string>& words, std::string_view input = {}) {
  const Finished finished = run(words, input);
  if (finished.status != 0) FAIL(words[0] << " says " << finished.status << ": " << finished.errors << input);
  return finished.output;
}

/// In a namespace of its own, where the thread stays.
std::string why_unusable(Variant variant) {
  const Result<Network> network = Network::make();
  if (!network) return network.error().message;
  const std::string rules = "*filter\n-A INPUT -m conntrack --ctstate NEW -m set --match-set s src -j ACCEPT\nCOMMIT\n";
  for (const auto& [words, input] :
       {std::pair(std::vector<std::string>{"ipset", "create", "s", "hash:net"}, std::string()),
        std::pair(std::vector<std::string>{command(variant, Family::ipv4, "restore")}, rules)}) {
    const Result<Finished> finished = execute(words, input);
    if (!finished) return finished.error().message;
    if (finished->status != 0) return finished->errors;
  }
  return "";
}

}  // namespace

std::string_view to_string(Variant variant) {
  return variant == Variant::legacy ? "legacy" : "nft";
}

std::vector<Variant> usable_variants() {
  std::vector<Variant> usable;
  for (const Variant variant : {Variant::legacy, Variant::nft}) {
    const std::string reason = why_unusable(variant);
    const char* no_skip = std::getenv("PORTPOLICY_NO_SKIP");
    if (reason.empty()) usable.push_back(variant);
    else if (no_skip != nullptr && std::string_view(no_skip) == "1") FAIL_CHECK(to_string(variant) << ": " << reason);
    else MESSAGE("SKIPPED for iptables-", to_string(variant), ": ", reason);
  }
  return usable;
}

std::string saved(Variant variant, Family family) {
  std::istringstream lines(must({command(variant, family, "save")}));
  std::string result;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("#")) continue;
    if (line.starts_with(":")) line.resize(line.rfind(" ["));
    result += line + "\n";
  }
  return result;
}

std::string saved(Variant variant) {
  return saved(variant, Family::ipv4) + saved(variant, Family::ipv6);
}

void restore(Variant variant, Family family, const std::string& table) {
  must({command(variant, family, "restore")}, table);
}

void add_rules(Variant variant, const std::string& lines) {
  for (const Family family : families)
    must({command(variant, family, "restore"), "--noflush"}, "*filter\n" + lines + "COMMIT\n");
}

std::string set_names() {
  std::istringstream lines(must({"ipset", "list", "-n"}));
  std::vector<std::string> names;
  for (std::string line; std::getline(lines, line);) names.push_back(line + " ");
  std::ranges::sort(names);
  std::string result;
  for (const std::string& name : names) result += name;
  return result;
}

void ipset(const std::string& lines) {
  must({"ipset", "restore"}, lines);
}

Result<Files> files_of(const filter::Filter& filter, backend::Optimize optimize) {
  Diagnostics diagnostics;
  iptables::Options options;
  options.optimize = optimize;
  const iptables::Ruleset ruleset = iptables::lower(filter, options, diagnostics);
  if (diagnostics.has_errors()) return fail(diagnostics.all().front().message);
  iptables::Texts texts = iptables::print(ruleset, {"0", "policy.yaml", "0", "2026-11-22"});
  return Files{std::move(texts.rules_v4), std::move(texts.rules_v6), std::move(texts.sets)};
}

void load_tables(Variant variant, const Files& files) {
  ipset(files.sets);
  restore(variant, Family::ipv4, files.v4);
  restore(variant, Family::ipv6, files.v6);
}

void remove_rules(Variant variant) {
  for (const Family family : families)
    restore(variant, family, "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n");
  const Finished finished = RulesFolder({}).unload();
  if (finished.status != 0) FAIL(finished.errors);
}

std::string difference_in_force(Variant variant, const Graph& policy) {
  SourceMap sources;
  std::vector<std::pair<FileId, std::optional<Family>>> files;
  const std::string sets = must({"ipset", "save"});
  if (!sets.empty()) files.emplace_back(sources.add("ipset save", sets), std::nullopt);
  for (const Family family : families)
    files.emplace_back(sources.add("iptables-save", must({command(variant, family, "save")})), family);
  std::vector<iptables::Input> inputs;
  for (const auto& [file, family] : files) inputs.push_back({file, sources.text(file), family});
  Diagnostics diagnostics;
  std::optional<iptables::Reading> reading = iptables::read(inputs, diagnostics);
  if (!reading) return render_text(diagnostics.sorted(), sources, Colour::off);
  if (!reading->not_understood.empty()) return "not understood: " + reading->not_understood.front().text;
  for (std::size_t i = 0; i < reading->managed.size(); ++i)
    if (!reading->managed[i]) reading->filter.hooks[i].reset();
  const auto differences = proof::compare(policy, reading->filter, proof::whole(reading->families));
  if (!differences) return "too complex";
  if (differences->empty()) return "";
  const Packet& packet = differences->front().packet;
  return std::string(to_string(packet.direction)) + " " + to_string(packet);
}

Files some_files(std::uint16_t port, bool forward) {
  Files files;
  const std::string number = std::to_string(port);
  for (const Family family : families) {
    const bool is4 = family == Family::ipv4;
    const std::string set =
        std::string(is4 ? "PP4" : "PP6") + "-internal-" + std::string(8 - number.size(), '0') + number;
    (is4 ? files.v4 : files.v6) =
        "# Some rules.\n*filter\n:INPUT DROP [0:0]\n:FORWARD " + std::string(forward ? "DROP" : "ACCEPT") +
        " [0:0]\n:OUTPUT ACCEPT [0:0]\n:PORTPOLICY-IN - [0:0]\n:PORTPOLICY-1 - [0:0]\n" +
        (forward ? ":PORTPOLICY-FWD - [0:0]\n" : "") + "-A INPUT -j PORTPOLICY-IN\n" +
        (forward ? "-A FORWARD -j PORTPOLICY-FWD\n" : "") +
        "-A PORTPOLICY-IN -i lo -m comment --comment \"$(reboot) `reboot` -j DROP\" -j ACCEPT\n"
        "-A PORTPOLICY-IN -p tcp -m tcp --dport " +
        number + " -g PORTPOLICY-1\n-A PORTPOLICY-IN -p tcp -m set --match-set " + set +
        " src -m tcp --dport 5432 -j ACCEPT\n-A PORTPOLICY-IN -j DROP\n-A PORTPOLICY-1 -j ACCEPT\n" +
        (forward ? "-A PORTPOLICY-FWD -p tcp -m tcp --dport 8080 -j ACCEPT\n-A PORTPOLICY-FWD -j DROP\n" : "") +
        "COMMIT\n";
    for (const std::string& name : {set, set + "~"})
      files.sets +=
          "create " + name + " hash:net family " + (is4 ? "inet" : "inet6") + " hashsize 1024 maxelem 65536 -exist\n";
    files.sets += "flush " + set + "~\nadd " + set + "~ " + (is4 ? "10.0.0.0/8" : "fd00::/8") + "\nswap " + set + "~ " +
                  set + "\ndestroy " + set + "~\n";
  }
  return files;
}

void restore_rules_of_others(Variant variant) {
  for (const Family family : families)
    restore(variant, family,
            "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT ACCEPT [0:0]\n"
            ":CROWDSEC_CHAIN - [0:0]\n:DOCKER - [0:0]\n:DOCKER-USER - [0:0]\n:denied - [0:0]\n:f2b-sshd - [0:0]\n"
            ":ufw-before-input - [0:0]\n:ufw-before-logging-input - [0:0]\n"
            "-A INPUT -p tcp -m multiport --dports 22 -j f2b-sshd\n-A INPUT -j CROWDSEC_CHAIN\n-A INPUT -j denied\n"
            "-A INPUT -j ufw-before-logging-input\n-A INPUT -j ufw-before-input\n"
            "-A INPUT -m comment --comment \"or -j PORTPOLICY-IN \\\" -g PORTPOLICY-1\" -j ACCEPT\n"
            "-A FORWARD -j DOCKER-USER\n-A FORWARD -o docker0 -j DOCKER\n-A FORWARD -i docker0 -j ACCEPT\n"
            "-A DOCKER -p tcp -m tcp --dport 80 -j ACCEPT\n-A DOCKER-USER -j RETURN\n"
            "-A denied -p tcp -m tcp --dport 81 -j LOG --log-prefix \"x -j ACCEPT \"\n"
            "-A denied -p tcp -m tcp --dport 81 -j DROP\n"
            "-A f2b-sshd -p tcp -m tcp --dport 82 -j REJECT\n-A f2b-sshd -j RETURN\n"
            "-A ufw-before-input -p udp -m udp --dport 53 -j ACCEPT\nCOMMIT\n");
}

RulesFolder::RulesFolder(const Files& files) {
  const backend::Header header{"0", "policy.yaml", "0", "2026-11-22"};
  write("rules.v4", files.v4);
  write("rules.v6", files.v6);
  write("ipsets", files.sets);
  write("load", iptables::load_script(header));
  write("unload", iptables::unload_script(header));
}

void RulesFolder::write(std::string_view name, std::string_view text) const {
  std::ofstream(folder_.path() / name, std::ios::binary) << text;
}

/// A process group of its own, which can be killed.
Finished RulesFolder::load(Variant variant, const std::vector<std::string>& words,
                           const std::vector<std::string>& surroundings) const {
  std::vector<std::string> all{"setsid", "env", "PORTPOLICY_IPTABLES=" + std::string(to_string(variant))};
  all.insert(all.end(), surroundings.begin(), surroundings.end());
  all.insert(all.end(), {"sh", path() / "load"});
  all.insert(all.end(), words.begin(), words.end());
  return run(all);
}

Finished RulesFolder::unload(Variant variant) const {
  return run({"env", "PORTPOLICY_IPTABLES=" + std::string(to_string(variant)), "sh", path() / "unload"});
}

Finished RulesFolder::unload() const {
  return run({"sh", path() / "unload"});
}

}  // namespace portpolicy::host_tests

#include "cli/explain.h"

#include <CLI/App.hpp>
#include <algorithm>
#include <array>
#include <cerrno>
#include <fstream>
#include <nlohmann/json.hpp>
#include <system_error>

#include "cli/choices.h"
#include "cli/exit_code.h"
#include "cli/explanation.h"
#include "cli/policy_words.h"
#include "cli/reach_answer.h"
#include "cli/single_service.h"
#include "cli/usage.h"
#include "compiler/diagnostics/packet_json.h"

namespace portpolicy::cli::explain {

namespace {

using Json = nlohmann::ordered_json;

/// An option whose value is one of a closed list.
template <class Value, std::size_t size>
Result<Value> one_of(std::string_view option, const std::string& word, const std::array<Value, size>& values) {
  std::string known;
  for (const Value value : values) {
    if (to_string(value) == word) return value;
    known += (known.empty() ? "" : ", ") + std::string(to_string(value));
  }
  return fail(std::string(option) + " is one of " + known + ", not `" + word + "`");
}

Result<Address> address(std::string_view option, const std::string& text) {
  const Result<Address> parsed = Address::parse(text);
  if (!parsed && AddressRange::parse(text))
    return fail(std::string(option) + " `" + text + "` is more than one address; add --where to ask about networks");
  if (!parsed) return fail(std::string(option) + " `" + text + "`: " + parsed.error().message);
  return *parsed;
}

/// An interface where the direction has one.
Result<std::string> interface(std::string_view option, const std::optional<std::string>& name, Direction direction,
                              Direction without) {
  if (!name) return std::string();
  if (direction == without) {
    return fail("an " + std::string(to_string(without)) + " packet has no " + std::string(option));
  }
  const Result<InterfacePattern> parsed = InterfacePattern::parse(*name);
  if (!parsed) return fail(std::string(option) + " `" + *name + "`: " + parsed.error().message);
  if (parsed->wildcard) return fail(std::string(option) + " takes the name of one interface, not `" + *name + "`");
  return *name;
}

/// All of the packet but what its service says.
Result<Packet> packet_without_service(const Options& options) {
  if (!options.direction || !options.from || !options.to || !options.service) {
    return fail(
        "a packet needs a direction, --from, --to and --service; or give many with --packets, or ask with --where who "
        "can reach a service");
  }
  Packet packet;
  const Result<Direction> direction = one_of("the direction", *options.direction, directions);
  if (!direction) return std::unexpected(direction.error());
  packet.direction = *direction;
  const Result<Address> from = address("--from", *options.from);
  if (!from) return std::unexpected(from.error());
  const Result<Address> to = address("--to", *options.to);
  if (!to) return std::unexpected(to.error());
  if (from->family != to->family) return fail("--from and --to are of different families");
  packet.source = *from;
  packet.destination = *to;
  const Result<std::string> in = interface("--in", options.in, *direction, Direction::outbound);
  if (!in) return std::unexpected(in.error());
  const Result<std::string> out = interface("--out", options.out, *direction, Direction::inbound);
  if (!out) return std::unexpected(out.error());
  packet.in = *in;
  packet.out = *out;
  const Result<State> state = one_of("--state", options.state.value_or("new"), states);
  if (!state) return std::unexpected(state.error());
  packet.state = *state;
  return packet;
}

Result<Packet> with_service(Packet packet, const Options& options, const syntax::Policy& policy) {
  if (const Result<void> set = set_service(packet, *options.service, policy); !set) {
    return std::unexpected(set.error());
  }
  if (has_ports(packet.protocol)) {
    const Result<Port> port = Port::parse(options.source_port.value_or("40000"));
    if (!port) return fail("--source-port `" + *options.source_port + "`: " + port.error().message);
    packet.source_port = *port;
  } else if (options.source_port) {
    return fail("--source-port cannot be given for " + to_string(packet.protocol));
  }
  return packet;
}

/// Broken tests and claims leave no doubt what a packet's verdict is, and whoever looks for the reason needs it.
bool leaves_doubt(const Diagnostic& finding) {
  constexpr std::array claims{Code::test_failed, Code::claim_broken, Code::management_broken, Code::test_of_unmanaged,
                              Code::shadowed};
  return finding.severity == Severity::error && std::ranges::find(claims, finding.code) == claims.end();
}

std::expected<Loaded, int> load_meaning(const Options& options, Io& io) {
  auto loaded = load(options.policy, "explain", Thoroughness::errors, io);
  if (!loaded) return loaded;
  std::vector<Diagnostic> findings = loaded->diagnostics.sorted();
  std::erase_if(findings, [](const Diagnostic& finding) { return !leaves_doubt(finding); });
  if (findings.empty()) return loaded;  // an error that is not listed has listed ones beside it
  report(findings, loaded->sources, options.policy, io);
  return std::unexpected(exit_findings);
}

int one_packet(const Options& options, Io& io) {
  const Result<Packet> start = packet_without_service(options);
  if (!start) return usage_error(io, "explain", start.error().message);
  const auto loaded = load_meaning(options, io);
  if (!loaded) return loaded.error();
  const Result<Packet> packet = with_service(*start, options, loaded->compiled.policy);
  if (!packet) return usage_error(io, "explain", packet.error().message);
  if (options.format == "json") io.out << answer_json(loaded->compiled.graph, *packet, loaded->sources);
  else {
    const SetWords words(loaded->compiled.graph, loaded->compiled.policy);
    io.out << answer_text(loaded->compiled.graph, words, *packet, loaded->sources);
  }
  return exit_done;
}

Result<Packet> packet_of_line(const std::string& line) {
  try {
    return packet_from_json(Json::parse(line));
  } catch (const Json::exception& problem) {
    return fail(problem.what());
  }
}

int answer_lines(std::istream& lines, const std::string& name, const Loaded& loaded, Io& io) {
  std::size_t number = 0;
  for (std::string line; io.out && std::getline(lines, line);) {
    ++number;
    const Result<Packet> packet = packet_of_line(line);
    if (!packet) {
      io.err << escaped(name) << ':' << number << ": " << escaped(packet.error().message) << '\n';
      return exit_usage;
    }
    io.out << answer_json(loaded.compiled.graph, *packet, loaded.sources);
    // Whoever asks packet by packet waits for the answer.
    if (lines.rdbuf()->in_avail() <= 0) io.out.flush();
  }
  if (!lines.bad()) return exit_done;
  io.err << "portpolicy: cannot read `" << escaped(name) << "`\n";
  return exit_file;
}

int many_packets(const Options& options, Io& io) {
  for (const auto* one : {&options.direction, &options.from, &options.to, &options.service, &options.source_port,
                          &options.in, &options.out, &options.state}) {
    if (*one) return usage_error(io, "explain", "--packets brings whole packets; leave out what describes one");
  }
  std::ifstream file;
  if (*options.packets != "-") {
    file.open(*options.packets, std::ios::binary);
    if (file.is_open()) file.peek();
    if (!file.is_open() || file.bad()) {
      const std::string reason = std::generic_category().message(errno);
      io.err << "portpolicy: cannot read `" << escaped(*options.packets) << "`: " << reason << '\n';
      return exit_file;
    }
    file.clear();
  }
  const auto loaded = load_meaning(options, io);
  if (!loaded) return loaded.error();
  if (*options.packets == "-") return answer_lines(io.in, "standard input", *loaded, io);
  return answer_lines(file, *options.packets, *loaded, io);
}

/// What stands behind an option, if it was given.
template <class Read, class Set>
Result<void> narrow(Set& set, std::string_view option, const std::optional<std::string>& given, Read read) {
  if (!given) return {};
  auto found = read(*given);
  if (!found) return fail(std::string(option) + ": " + found.error().message);
  set = *std::move(found);
  return {};
}

Result<review::Question> question_of(const Options& options, Direction direction, const syntax::Policy& policy) {
  review::Question question;
  question.direction = direction;
  PolicyWords words(policy);
  const auto networks = [&](const std::string& text) { return words.networks(text); };
  const auto interfaces = [&](const std::string& text) { return words.interfaces(text); };
  const auto services = [&](const std::string& text) { return words.services(text); };
  const auto port = [](const std::string& text) -> Result<PortSet> {
    const Result<Port> parsed = Port::parse(text);
    if (!parsed) return std::unexpected(parsed.error());
    return PortSet::of({parsed->number(), parsed->number()});
  };
  for (const Result<void>& narrowed :
       {narrow(question.services, "--service", options.service, services),
        narrow(question.from, "--from", options.from, networks), narrow(question.to, "--to", options.to, networks),
        narrow(question.in, "--in", options.in, interfaces), narrow(question.out, "--out", options.out, interfaces),
        narrow(question.source_ports, "--source-port", options.source_port, port)})
    if (!narrowed) return std::unexpected(narrowed.error());
  const auto without_ports = [](const Transport& transport) { return !has_ports(transport.protocol); };
  if (options.source_port && (question.services.empty() || std::ranges::any_of(question.services, without_ports)))
    return fail("--source-port needs a --service that has ports");
  return question;
}

/// What is wrong with the options for a question, before the policy is read.
std::string mistake_in_question(const Options& options) {
  if (!options.direction) return "--where needs a direction: inbound, outbound or forward";
  if (options.state) return "--where asks about packets that open a connection; leave --state out";
  if (options.packets) return "--where and --packets do not go together";
  if (options.in && *options.direction == "outbound") return "an outbound packet has no --in";
  if (options.out && *options.direction == "inbound") return "an inbound packet has no --out";
  return {};
}

/// What narrows a question, as it was written.
std::string narrowing(const Options& options) {
  std::string text;
  const auto add = [&](std::string_view word, const std::optional<std::string>& given) {
    if (given) text += " " + std::string(word) + " " + *given;
  };
  add("from", options.from);
  add("to", options.to);
  add("in", options.in);
  add("out", options.out);
  add("source-port", options.source_port);
  return text;
}

int who_can_reach(const Options& options, Io& io) {
  if (const std::string mistake = mistake_in_question(options); !mistake.empty())
    return usage_error(io, "explain", mistake);
  const Direction direction = *one_of("the direction", *options.direction, directions);
  const auto loaded = load_meaning(options, io);
  if (!loaded) return loaded.error();
  const auto question = question_of(options, direction, loaded->compiled.policy);
  if (!question) return usage_error(io, "explain", question.error().message);
  const Graph& graph = loaded->compiled.graph;
  const auto reach = review::reach(graph, *question);
  if (!reach) {
    io.err << "portpolicy: who can reach this is too complex to decide; ask about fewer packets with --service, --from "
              "or --to\n";
    return exit_findings;
  }
  if (reach->managed && reach->reached.empty())
    return usage_error(io, "explain", "there is no such packet; those that use the loopback interface do not count");
  if (options.format == "json") io.out << reach_json(graph, *question, *reach, loaded->sources);
  else if (!reach->managed) io.out << unmanaged_text(direction);
  else {
    const SetWords words(graph, loaded->compiled.policy);
    io.out << reach_text(graph, words, *question, narrowing(options), *reach, loaded->sources);
  }
  return exit_done;
}

constexpr const char* help_footer =
    "The verdict comes first, then every rule that was asked, in order. A packet needs a direction, --from, --to and\n"
    "--service. A test or a promise of the policy that is broken does not keep its packets from being explained.\n"
    "\n"
    "With --where the answer is about all packets of a service that open a connection and do not use the loopback\n"
    "interface: for inbound from where they are allowed, for outbound to where, for forward from where to where, each "
    "with\n"
    "the rule that decides. Allowed comes first. `only` says that a row holds for some packets of its addresses. "
    "Without\n"
    "--service it is about every protocol; ICMP and IGMP are IPv4, ICMPv6 is IPv6.\n"
    "\n"
    "With --where and --format json the whole answer is one object: {\"format_version\":1,\"direction\",\"managed\",\n"
    "\"services\":[{\"service\":[\"5432/tcp\"],\"asked\":PACKETS,\"access\":[ACCESS]}]}. ACCESS is {\"verdict\",\n"
    "\"decided_by\",\"file\",\"line\",\"packets\":[PACKETS]}, and for a rule with a limit also \"limit\" and\n"
    "\"over_limit\":[ACCESS]: who decides these packets once all limits are exhausted. PACKETS is {\"source\":\n"
    "[\"10.0.0.0/8\"],\"destination\":[..],\"in\":[..],\"out\":[..],\"source_port\":[..]}: every combination of these, "
    "of\n"
    "one family. No packet stands in two of them.\n"
    "\n"
    "Examples:\n"
    "  portpolicy explain policy.yaml inbound --from 198.51.100.7 --to 192.0.2.1 --service ssh\n"
    "  portpolicy explain policy.yaml --where inbound --service postgresql\n"
    "  portpolicy explain policy.yaml --where forward --from guests\n"
    "  portpolicy explain policy.yaml --packets packets.jsonl\n"
    "\n"
    "A line of --packets: {\"direction\":\"inbound\",\"source\":\"198.51.100.7\",\"destination\":\"192.0.2.1\",\n"
    "\"protocol\":\"tcp\",\"destination_port\":22}\n"
    "\n"
    "Exit codes: 0 done, whatever the verdict; 1 the policy has errors, or --where is too complex to answer; 2 wrong\n"
    "usage or a line that is no packet; 3 a file cannot be read; 70 internal error";

}  // namespace

void add(CLI::App& program, Options& options) {
  CLI::App* command = program.add_subcommand("explain", "Say what becomes of a packet, and which rule decides it");
  cli::add(*command, options.policy);
  command->add_option("DIRECTION", options.direction, "Whether packets come to this host, leave it or pass through")
      ->type_name(choice_of(directions));
  command->add_flag("--where", options.where, "Not one packet: who can reach a service, and by which rule");
  command
      ->add_option("--from", options.from,
                   "The source address; with --where, networks: 10.0.0.0/8,office (default: any)")
      ->type_name("ADDRESS");
  command->add_option("--to", options.to, "The destination address; with --where, networks (default: any)")
      ->type_name("ADDRESS");
  command
      ->add_option(
          "--service", options.service,
          "One port, ICMP type or protocol: 5432/tcp, ssh, icmp/8, esp; with --where, services: dns,8000-8100/tcp "
          "(default: any)")
      ->type_name("SERVICE");
  command
      ->add_option("--source-port", options.source_port, "The port it comes from (default: 40000; with --where: any)")
      ->type_name("N");
  command
      ->add_option("--in", options.in,
                   "The interface it comes in by (default: one that no rule names; with --where: any)")
      ->type_name("IF");
  command
      ->add_option("--out", options.out,
                   "The interface it leaves by (default: one that no rule names; with --where: any)")
      ->type_name("IF");
  command->add_option("--state", options.state, "What connection tracking calls it (default: new)")
      ->type_name(choice_of(states));
  command
      ->add_option(
          "--packets", options.packets,
          "Many packets instead, a JSON object a line, from a file or from standard input (-); an answer is a JSON "
          "object too")
      ->type_name("FILE");
  command->add_option("--format", options.format, "The answer as text (default) or as JSON")->type_name("text|json");
  command->footer(help_footer);
}

int run(const Options& options, Io& io) {
  if (options.where) return who_can_reach(options, io);
  return options.packets ? many_packets(options, io) : one_packet(options, io);
}

}  // namespace portpolicy::cli::explain

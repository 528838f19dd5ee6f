#include "cli/services.h"

#include <CLI/App.hpp>
#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "cli/exit_code.h"
#include "cli/usage.h"
#include "compiler/base/decimal.h"
#include "compiler/diagnostics/suggest.h"
#include "compiler/registry/registry.h"

namespace portpolicy::cli::services {

namespace {

using registry::Assignment;
using registry::Service;

constexpr std::uint16_t first_dynamic_port = 49152;  // RFC 6335, section 6

/// Numbers that are asked for, perhaps of one protocol only.
struct Ports {
  Interval<std::uint16_t> numbers;
  std::optional<Protocol> protocol;
};

struct Answer {
  std::vector<const Service*> known;
  std::vector<Assignment> assigned;
  std::size_t mentioned = 0;  ///< services that only mention the word, and are not among these
};

std::string lower(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c; });
  return result;
}

/// `22`, `22/tcp`, `8000-8099/udp`; nothing when it is a word.
std::optional<Result<Ports>> parse_ports(std::string_view text) {
  if (text.empty() || text[0] < '0' || text[0] > '9') return std::nullopt;
  const std::size_t slash = text.find('/');
  const std::string_view numbers = text.substr(0, slash);
  if (numbers.find_first_not_of("0123456789-") != std::string_view::npos) return std::nullopt;
  Ports ports;
  if (slash != std::string_view::npos) {
    ports.protocol = protocol_named(lower(text.substr(slash + 1)));
    if (!ports.protocol || !has_ports(*ports.protocol)) {
      return fail("`" + std::string(text.substr(slash + 1)) +
                  "` is not a protocol with ports: tcp, udp, sctp, dccp or " + "udplite");
    }
  }
  const std::size_t dash = numbers.find('-');
  const Result<Port> first = Port::parse(numbers.substr(0, dash));
  const Result<Port> last = dash == std::string_view::npos ? first : Port::parse(numbers.substr(dash + 1));
  if (!first) return fail(first.error().message);
  if (!last) return fail(last.error().message);
  if (*last < *first) return fail("the range `" + std::string(numbers) + "` ends before it begins");
  ports.numbers = {first->number(), last->number()};
  return ports;
}

bool uses(std::span<const registry::Use> uses, const Ports& wanted) {
  return std::ranges::any_of(uses, [&](const registry::Use& use) {
    return (!wanted.protocol || *wanted.protocol == use.protocol) && use.first.number() <= wanted.numbers.last &&
           wanted.numbers.first <= use.last.number();
  });
}

/// What is asked for by number is shown by number.
std::uint16_t first_port(std::span<const registry::Use> uses) {
  return uses.front().first.number();
}

Answer with_ports(const Ports& ports) {
  Answer answer;
  for (const Service& service : registry::services())
    if (uses(service.uses, ports)) answer.known.push_back(&service);
  answer.assigned = registry::assignments();
  std::erase_if(answer.assigned, [&](const Assignment& row) { return !uses(row.uses, ports); });
  std::ranges::stable_sort(answer.known, {}, [](const Service* service) { return first_port(service->uses); });
  std::ranges::stable_sort(answer.assigned, {}, [](const Assignment& row) { return first_port(row.uses); });
  return answer;
}

Answer all_known() {
  Answer answer;
  for (const Service& service : registry::services()) answer.known.push_back(&service);
  return answer;
}

/// The services with this name, or when there is none (or `search`) those that mention it.
Answer with_word(std::string_view wanted, bool search) {
  const std::string word = lower(wanted);
  const auto is_named = [&](std::string_view name) { return lower(name) == word; };
  const auto mentions = [&](std::string_view text) { return lower(text).find(word) != std::string::npos; };
  Answer named, mentioning;
  for (const Service& service : registry::services()) {
    if (is_named(service.name) || std::ranges::any_of(service.aliases, is_named)) named.known.push_back(&service);
    else if (mentions(service.name) || mentions(service.description) || std::ranges::any_of(service.aliases, mentions))
      mentioning.known.push_back(&service);
  }
  for (const Assignment& row : registry::assignments()) {
    if (is_named(row.name)) named.assigned.push_back(row);
    else if (mentions(row.name) || mentions(row.description)) mentioning.assigned.push_back(row);
  }
  const bool found = !named.known.empty() || !named.assigned.empty();
  if (found && !search) {
    named.mentioned = mentioning.known.size() + mentioning.assigned.size();
    return named;
  }
  std::ranges::copy(mentioning.known, std::back_inserter(named.known));
  std::ranges::copy(mentioning.assigned, std::back_inserter(named.assigned));
  return named;
}

std::string ports_text(std::span<const registry::Use> uses) {
  std::string text;
  for (const registry::Use& use : uses) text += (text.empty() ? "" : ",") + to_string(use);
  return text;
}

struct Row {
  std::string name, ports, source, description;
};

std::vector<Row> rows_of(const Answer& answer) {
  std::vector<Row> rows{{"NAME", "PORTS", "SOURCE", "WHAT IT IS"}};
  for (const Service* service : answer.known) {
    std::string also;
    for (const std::string_view alias : service->aliases)
      also += (also.empty() ? " (also " : ", ") + std::string(alias);
    rows.push_back({std::string(service->name), ports_text(service->uses), "well-known",
                    std::string(service->description) + also + (also.empty() ? "" : ")")});
    if (!service->sensitive.empty()) rows.push_back({"", "", "", "sensitive: " + std::string(service->sensitive)});
  }
  for (const Assignment& row : answer.assigned)
    rows.push_back({std::string(row.name), ports_text(row.uses), "IANA", std::string(row.description)});
  return rows;
}

/// In columns; one that few rows would make very wide is broken there instead.
std::string table(const std::vector<Row>& rows) {
  constexpr std::size_t widest = 32;
  std::size_t name = 0, ports = 0, source = 0;
  for (const Row& row : rows) {
    name = std::max(name, std::min(row.name.size(), widest));
    ports = std::max(ports, std::min(row.ports.size(), widest));
    source = std::max(source, row.source.size());
  }
  std::string text;
  for (const Row& row : rows) {
    std::string line = row.name;
    for (const auto& [value, column] : {std::pair(&row.ports, name), std::pair(&row.source, name + 2 + ports),
                                        std::pair(&row.description, name + 2 + ports + 2 + source)}) {
      if (value->empty()) continue;
      if (line.size() < column) line.resize(column, ' ');
      line += "  " + *value;
    }
    text += line + '\n';
  }
  return text;
}

nlohmann::json ports_json(std::span<const registry::Use> uses) {
  nlohmann::json list = nlohmann::json::array();
  for (const registry::Use& use : uses) list.push_back(to_string(use));
  return list;
}

std::string json(const Answer& answer) {
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  for (const Service* service : answer.known) {
    nlohmann::ordered_json row{
        {"name", service->name},  {"ports", ports_json(service->uses)},  {"aliases", service->aliases},
        {"source", "well-known"}, {"description", service->description}, {"sensitive", nullptr}};
    if (!service->sensitive.empty()) row["sensitive"] = service->sensitive;
    rows.push_back(std::move(row));
  }
  for (const Assignment& row : answer.assigned)
    rows.push_back({{"name", row.name},
                    {"ports", ports_json(row.uses)},
                    {"aliases", nlohmann::ordered_json::array()},
                    {"source", "iana"},
                    {"description", row.description},
                    {"sensitive", nullptr}});
  const nlohmann::ordered_json whole{{"format_version", 1}, {"registry", registry::version()}, {"services", rows}};
  return whole.dump(2) + '\n';
}

/// What to say when nothing was found.
std::string nothing(const std::string& wanted, const std::optional<Ports>& ports) {
  if (!ports) {
    const std::string meant = did_you_mean(wanted, registry::service_names());
    return "no service is called `" + wanted + "` or mentions it" + (meant.empty() ? "" : "; " + meant);
  }
  const std::string text = "no service is known for " + wanted;
  if (ports->numbers.first < first_dynamic_port) return text;
  return text + ": ports from " + std::to_string(first_dynamic_port) +
         " on are never assigned, programs take them as "
         "they come";
}

}  // namespace

void add(CLI::App& program, Options& options) {
  CLI::App* command =
      program.add_subcommand("services", "Say which service owns a port, and which port a service uses");
  command
      ->add_option("WHAT", options.wanted,
                   "A name, a port as in 5432, 53/udp or 8000-8099/tcp, or a word to search for; without it the "
                   "well-known services are listed")
      ->type_name("");
  command->add_flag("--search", options.search, "Show all that mention the word, also when it is a name itself");
  command->add_option("--format", options.format, "text (default) or json")->type_name("text|json");
  command->footer(
      "Well-known services are a reviewed table of what servers really use; a policy may name them all. IANA stands "
      "for\n"
      "the registry of the Internet Assigned Numbers Authority: a policy may use its names that have one port of one\n"
      "protocol. Sensitive services should hardly ever be open to the internet.\n"
      "\n"
      "Examples:\n"
      "  portpolicy services postgresql\n"
      "  portpolicy services 53/udp\n"
      "  portpolicy services backup\n"
      "\n"
      "Exit codes: 0 done; 1 nothing was found; 2 wrong usage");
}

int run(const Options& options, Io& io) {
  std::optional<Ports> ports;
  if (const auto parsed = parse_ports(options.wanted)) {
    if (!*parsed) return usage_error(io, "services", parsed->error().message);
    ports = **parsed;
  }
  const Answer answer = options.wanted.empty() ? all_known()
                        : ports                ? with_ports(*ports)
                                               : with_word(options.wanted, options.search);
  const bool found = !answer.known.empty() || !answer.assigned.empty();
  if (options.format == "json") io.out << json(answer);
  else if (found) io.out << table(rows_of(answer));
  if (!found) io.err << "portpolicy: " << escaped(nothing(options.wanted, ports)) << '\n';
  if (answer.mentioned != 0 && options.format == "text") {
    io.err << "portpolicy: " << answer.mentioned
           << (answer.mentioned == 1 ? " other service mentions `" : " other services mention `")
           << escaped(options.wanted) << "`; --search lists them\n";
  }
  return found ? exit_done : exit_findings;
}

}  // namespace portpolicy::cli::services

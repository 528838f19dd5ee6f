#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <functional>
#include <set>
#include <string_view>

#include "compiler/base/date.h"
#include "compiler/base/decimal.h"
#include "compiler/registry/generate/data.h"

namespace portpolicy::registry::generate {
namespace {

using Fields = std::vector<std::string>;
/// Takes one line into the data, or says what is wrong with it.
using LineReader = std::function<Result<void>(const Fields&)>;

/// The text cut at each separator; empty parts are kept.
Fields split(std::string_view text, char separator) {
  Fields parts;
  while (true) {
    const std::size_t end = text.find(separator);
    parts.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

Fields words_of(std::string_view line) {
  Fields words = split(line, ' ');
  std::erase(words, "");
  return words;
}

std::string joined(const Fields& fields, std::size_t begin) {
  std::string text;
  for (std::size_t i = begin; i < fields.size(); ++i) text += (text.empty() ? "" : " ") + fields[i];
  return text;
}

Result<void> read_date(const Fields& fields, std::string& newest) {
  if (fields.size() != 2) return fail("a date line is `date: YYYY-MM-DD`");
  const Result<Date> date = parse_date(fields[1]);
  if (!date) return std::unexpected(date.error());
  newest = std::max(newest, fields[1]);
  return {};
}

Result<void> read_lines(const std::string& path, std::string& newest_date, const LineReader& read_line) {
  std::ifstream file(path);
  if (!file) return fail(path + ": " + std::strerror(errno));
  bool dated = false;
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    const Fields fields = words_of(line);
    if (fields.empty() || fields[0].starts_with('#')) continue;
    const bool is_date = fields[0] == "date:";
    const Result<void> taken = is_date ? read_date(fields, newest_date) : read_line(fields);
    if (!taken) return fail(path + ":" + std::to_string(number) + ": " + taken.error().message);
    dated = dated || is_date;
  }
  if (file.bad()) return fail(path + ": cannot be read");
  if (!dated) return fail(path + ": there is no `date:` line");
  return {};
}

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// Whether the policy language takes this word for a name, and for nothing else.
Result<void> check_name(const std::string& name) {
  const auto allowed = [](char c) { return is_letter(c) || is_digit(c) || c == '.' || c == '_' || c == '-'; };
  const bool well_formed = !name.empty() && name.size() <= 63 && std::ranges::all_of(name, allowed) &&
                           (is_letter(name[0]) || is_digit(name[0]));
  if (!well_formed) return fail(quoted(name) + " is not a name");
  if (std::ranges::none_of(name, is_letter)) return fail(quoted(name) + " reads as a number, a range or an address");
  if (name == "any" || name == "protocol" || protocol_named(name))
    return fail(quoted(name) + " has a meaning of its own");
  return {};
}

Result<Interval<std::uint16_t>> parse_ports(std::string_view text) {
  const std::size_t dash = text.find('-');
  const Result<Port> first = Port::parse(text.substr(0, dash));
  if (!first) return std::unexpected(first.error());
  const Result<Port> last = dash == std::string_view::npos ? first : Port::parse(text.substr(dash + 1));
  if (!last) return std::unexpected(last.error());
  if (first->number() == 0) return fail("port 0 is no service");
  if (*last < *first) return fail(quoted(text) + " ends before it begins");
  return Interval<std::uint16_t>{first->number(), last->number()};
}

Result<Use> parse_use(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return fail(quoted(text) + " is not `port/protocol`");
  const std::optional<Protocol> protocol = protocol_named(text.substr(slash + 1));
  if (!protocol || !has_ports(*protocol)) return fail(quoted(text) + " has no protocol with ports");
  const Result<Interval<std::uint16_t>> ports = parse_ports(text.substr(0, slash));
  if (!ports) return std::unexpected(ports.error());
  return Use{*protocol, *ports};
}

Result<std::vector<Use>> parse_uses(std::string_view text) {
  std::vector<Use> uses;
  for (const std::string& part : split(text, ',')) {
    const Result<Use> use = parse_use(part);
    if (!use) return std::unexpected(use.error());
    uses.push_back(*use);
  }
  return uses;
}

Result<void> read_service(const Fields& fields, std::vector<Service>& services, std::set<std::string>& taken) {
  if (fields.size() < 4) return fail("a service has a name, ports, aliases or `-`, and a description");
  Result<std::vector<Use>> uses = parse_uses(fields[1]);
  if (!uses) return std::unexpected(uses.error());
  Service service{fields[0], *std::move(uses), {}, joined(fields, 3), {}};
  if (fields[2] != "-") service.aliases = split(fields[2], ',');
  Fields names = service.aliases;
  names.push_back(service.name);
  for (const std::string& name : names) {
    if (const Result<void> good = check_name(name); !good) return good;
    if (!taken.insert(name).second) return fail(quoted(name) + " is named twice");
  }
  services.push_back(std::move(service));
  return {};
}

Result<void> read_sensitive(const Fields& fields, std::vector<Service>& services) {
  if (fields.size() < 2) return fail("an entry has names and a reason");
  for (const std::string& name : split(fields[0], ',')) {
    const auto service = std::ranges::find(services, name, &Service::name);
    if (service == services.end()) return fail(quoted(name) + " is not in services.txt");
    if (!service->sensitive.empty()) return fail(quoted(name) + " is named twice");
    service->sensitive = joined(fields, 1);
  }
  return {};
}

/// The names are IANA's: some of them mean something else in a policy, or cannot be written there.
Result<void> read_assignment(const Fields& fields, std::vector<Assignment>& assignments) {
  if (fields.size() < 3) return fail("an assignment has a name, ports and a description or `-`");
  Result<std::vector<Use>> uses = parse_uses(fields[1]);
  if (!uses) return std::unexpected(uses.error());
  assignments.push_back({fields[0], *std::move(uses), fields[2] == "-" ? "" : joined(fields, 2)});
  return {};
}

Result<void> read_special_purpose(const Fields& fields, Family family, std::vector<SpecialPurpose>& rows) {
  if (fields.size() < 4) return fail("an entry has a prefix, its reachability, an RFC and a name");
  const Result<AddressRange> range = AddressRange::parse(fields[0]);
  if (!range) return std::unexpected(range.error());
  const std::optional<Prefix> prefix = as_prefix(*range);
  if (!prefix || range->family != family) {
    return fail(quoted(fields[0]) + " is not an " + std::string(to_string(family)) + " prefix");
  }
  if (prefix->length == 0) return fail("everything cannot be special");
  const bool twice = std::ranges::find(rows, *prefix, &SpecialPurpose::prefix) != rows.end();
  if (twice) return fail(quoted(fields[0]) + " stands twice");
  const std::string& reachable = fields[1];
  if (reachable != "yes" && reachable != "no" && reachable != "n/a") {
    return fail(quoted(reachable) + " is none of yes, no and n/a");
  }
  rows.push_back({*prefix, reachable == "n/a" ? "not_applicable" : reachable});
  return {};
}

Result<void> read_icmp(const Fields& fields, std::array<std::vector<IcmpName>, 2>& names) {
  if (fields.size() < 3) return fail("an entry has a protocol, a type and names");
  const bool known = fields[0] == "icmp" || fields[0] == "icmpv6";
  if (!known) return fail(quoted(fields[0]) + " is neither icmp nor icmpv6");
  std::vector<IcmpName>& rows = names[fields[0] == "icmp" ? 0 : 1];
  const Fields numbers = split(fields[1], ':');
  if (numbers.size() > 2) return fail(quoted(fields[1]) + " is not `type` or `type:code`");
  const Result<std::uint32_t> type = parse_decimal(numbers[0], 0, 255);
  if (!type) return std::unexpected(type.error());
  std::optional<std::uint8_t> code;
  if (numbers.size() == 2) {
    const Result<std::uint32_t> number = parse_decimal(numbers[1], 0, 255);
    if (!number) return std::unexpected(number.error());
    code = static_cast<std::uint8_t>(*number);
  }
  for (std::size_t i = 2; i < fields.size(); ++i) {
    if (const Result<void> good = check_name(fields[i]); !good) return good;
    const bool twice = std::ranges::find(rows, fields[i], &IcmpName::name) != rows.end();
    if (twice) return fail(quoted(fields[i]) + " is named twice");
    rows.push_back({fields[i], static_cast<std::uint8_t>(*type), code});
  }
  return {};
}

}  // namespace

Result<Data> read(const std::string& folder) {
  Data data;
  std::set<std::string> taken;
  const auto service = [&](const Fields& fields) { return read_service(fields, data.services, taken); };
  const auto sensitive = [&](const Fields& fields) { return read_sensitive(fields, data.services); };
  const auto assignment = [&](const Fields& fields) { return read_assignment(fields, data.assignments); };
  const auto ipv4 = [&](const Fields& fields) {
    return read_special_purpose(fields, Family::ipv4, data.special_purpose);
  };
  const auto ipv6 = [&](const Fields& fields) {
    return read_special_purpose(fields, Family::ipv6, data.special_purpose);
  };
  const auto icmp = [&](const Fields& fields) { return read_icmp(fields, data.icmp_names); };
  struct File {
    const char* name;
    std::string& date;
    LineReader read_line;
  };
  const File files[] = {
      {"services.txt", data.date, service},
      {"sensitive.txt", data.date, sensitive},
      {"special-purpose-ipv4.txt", data.date, ipv4},
      {"special-purpose-ipv6.txt", data.date, ipv6},
      {"icmp.txt", data.date, icmp},
      {"iana.txt", data.iana_date, assignment},
  };
  for (const auto& [name, date, read_line] : files) {
    const Result<void> good = read_lines(folder + "/" + name, date, read_line);
    if (!good) return std::unexpected(good.error());
  }
  return data;
}

}  // namespace portpolicy::registry::generate

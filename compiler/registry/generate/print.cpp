#include <algorithm>
#include <map>
#include <sstream>
#include <tuple>

#include "compiler/registry/generate/data.h"

namespace portpolicy::registry::generate {
namespace {

/// A C++ string literal. The data is text; what is not printable ASCII goes out in octal.
std::string literal(const std::string& text) {
  std::string result = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte > 0x7E || c == '"' || c == '\\') {
      for (const int shift : {6, 3, 0}) {
        if (shift == 6) result += '\\';
        result += static_cast<char>('0' + (byte >> shift & 7));
      }
    } else {
      result += c;
    }
  }
  return result + "\"";
}

/// A constant array and the span over it that tables.h declares.
void print_table(std::ostream& out, const std::string& type, const std::string& name,
                 const std::vector<std::string>& rows) {
  out << "static constexpr " << type << " " << name << "_rows[] = {\n";
  for (const std::string& row : rows) out << "    " << row << ",\n";
  out << "};\nconstinit const std::span<const " << type << "> " << name << "{" << name << "_rows};\n\n";
}

std::string initializer(const Use& use) {
  return "{{" + std::to_string(use.protocol.number) + "}, Port{" + std::to_string(use.ports.first) + "}, Port{" +
         std::to_string(use.ports.last) + "}}";
}

void print_services(std::ostream& out, const std::vector<Service>& services) {
  std::vector<std::string> rows;
  std::map<std::string, std::size_t> names;
  out << "static constexpr std::string_view no_alias[1] = {};\n";
  for (std::size_t i = 0; i < services.size(); ++i) {
    const Service& service = services[i];
    const std::string number = std::to_string(i);
    out << "static constexpr Use uses_" << number << "[] = {";
    for (const Use& use : service.uses) out << initializer(use) << ", ";
    out << "};\n";
    std::string aliases = "std::span(no_alias, 0)";
    if (!service.aliases.empty()) {
      aliases = "aliases_" + number;
      out << "static constexpr std::string_view " << aliases << "[] = {";
      for (const std::string& alias : service.aliases) out << literal(alias) << ", ";
      out << "};\n";
    }
    std::ostringstream row;
    row << '{' << literal(service.name) << ", uses_" << number << ", " << aliases << ", "
        << literal(service.description) << ", " << literal(service.sensitive) << '}';
    rows.push_back(std::move(row).str());
    names.emplace(service.name, i);
    for (const std::string& alias : service.aliases) names.emplace(alias, i);
  }
  print_table(out, "Service", "services", rows);

  std::vector<std::string> name_rows;
  std::vector<std::string> index_rows;
  for (const auto& [name, index] : names) {
    name_rows.push_back(literal(name));
    index_rows.push_back(std::to_string(index));
  }
  print_table(out, "std::string_view", "names", name_rows);
  print_table(out, "std::uint16_t", "name_services", index_rows);
}

/// Thousands of rows: text and uses stand in one array each, which a row points into by place.
void print_assignments(std::ostream& out, const std::vector<Assignment>& assignments) {
  std::vector<std::string> uses;
  std::vector<std::string> rows;
  std::size_t text_size = 0;
  out << "static constexpr char assigned_characters[] =\n";
  for (const Assignment& assignment : assignments) {
    out << "    " << literal(assignment.name + assignment.description) << "\n";
    std::ostringstream row;
    row << '{' << text_size << ", " << uses.size() << ", " << assignment.uses.size() << ", " << assignment.name.size()
        << ", " << assignment.description.size() << '}';
    rows.push_back(std::move(row).str());
    text_size += assignment.name.size() + assignment.description.size();
    for (const Use& use : assignment.uses) uses.push_back(initializer(use));
  }
  out << ";\nconstinit const std::string_view assigned_text{assigned_characters, " << text_size << "};\n\n";
  print_table(out, "Assigned", "assigned", rows);
  print_table(out, "Use", "assigned_uses", uses);
}

/// The ports that any of the rows uses.
template <class Row>
void print_known_ports(std::ostream& out, const std::string& table, const std::vector<Row>& with_uses) {
  std::map<Protocol, std::vector<Interval<std::uint16_t>>> known;
  for (const Row& row : with_uses) {
    for (const Use& use : row.uses) known[use.protocol].push_back(use.ports);
  }
  std::vector<std::string> rows;
  for (auto& [protocol, ports] : known) {
    const PortSet all = PortSet::of(std::move(ports));
    for (const Interval<std::uint16_t>& interval : all.intervals()) {
      rows.push_back("{" + std::to_string(protocol.number) + ", " + std::to_string(interval.first) + ", " +
                     std::to_string(interval.last) + "}");
    }
  }
  print_table(out, "KnownPorts", table, rows);
}

void print_special_purpose(std::ostream& out, const std::vector<SpecialPurpose>& special) {
  std::vector<std::string> rows;
  for (const SpecialPurpose& row : special) {
    const Uint128 bits = row.prefix.address.bits;
    const bool v4 = row.prefix.address.family == Family::ipv4;
    rows.push_back(std::string("{Family::") + (v4 ? "ipv4" : "ipv6") + ", " + std::to_string(row.prefix.length) +
                   ", Reachable::" + row.reachable + ", " + std::to_string(static_cast<std::uint64_t>(bits >> 64)) +
                   "u, " + std::to_string(static_cast<std::uint64_t>(bits)) + "u}");
  }
  print_table(out, "SpecialPurpose", "special_purpose", rows);
}

void print_icmp(std::ostream& out, const std::string& table, const std::vector<IcmpName>& names) {
  std::vector<std::string> rows;
  for (const IcmpName& name : names) {
    const std::string code = name.code ? "std::uint8_t{" + std::to_string(*name.code) + "}" : "std::nullopt";
    rows.push_back("{" + literal(name.name) + ", " + std::to_string(name.type) + ", " + code + "}");
  }
  print_table(out, "IcmpName", table, rows);
}

void sort(Data& data) {
  std::ranges::sort(data.services, {}, &Service::name);
  std::ranges::stable_sort(data.assignments, {}, &Assignment::name);
  std::ranges::sort(data.special_purpose, {}, [](const SpecialPurpose& row) {
    return std::tuple(row.prefix.address.family, row.prefix.length, row.prefix.address.bits);
  });
  // Stable: of names with one meaning the first in the file is the one that is printed.
  for (std::vector<IcmpName>& names : data.icmp_names) {
    std::ranges::stable_sort(names, {}, [](const IcmpName& name) { return std::pair(name.type, name.code); });
  }
}

}  // namespace

std::string print(Data data) {
  sort(data);
  std::ostringstream out;
  out << "// Generated from policies/registry; changes are lost.\n#include \"compiler/registry/tables.h\"\n\n"
      << "namespace portpolicy::registry::tables {\n\n";
  print_services(out, data.services);
  print_known_ports(out, "known_ports", data.services);
  print_assignments(out, data.assignments);
  print_known_ports(out, "assigned_ports", data.assignments);
  print_special_purpose(out, data.special_purpose);
  print_icmp(out, "icmp_names", data.icmp_names[0]);
  print_icmp(out, "icmpv6_names", data.icmp_names[1]);
  out << "constinit const std::string_view date = " << literal(data.date) << ";\n"
      << "constinit const std::string_view iana_date = " << literal(data.iana_date) << ";\n\n"
      << "}  // namespace portpolicy::registry::tables\n";
  return out.str();
}

}  // namespace portpolicy::registry::generate

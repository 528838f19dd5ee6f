#include "compiler/syntax/print.h"

#include "compiler/base/overloaded.h"
#include "compiler/diagnostics/render.h"
#include "compiler/registry/registry.h"

namespace portpolicy::syntax {
namespace {

template <class Items, class ToText>
std::string joined(const Items& items, ToText to_text) {
  std::string text;
  for (const auto& item : items) text += (text.empty() ? "" : ", ") + to_text(item);
  return text;
}

std::string range(Interval<std::uint16_t> ports) {
  return std::to_string(ports.first) + (ports.last == ports.first ? "" : "-" + std::to_string(ports.last));
}

std::string text_of(const NetworkExpr& expr, const Policy& policy);
std::string text_of(const InterfaceExpr& expr, const Policy& policy);

template <class Expr>
std::string list(const std::vector<Expr>& items, const Policy& policy) {
  return "[" + joined(items, [&](const Expr& item) { return text_of(item, policy); }) + "]";
}

template <class Except>
std::string exception(const Except& value, const Policy& policy) {
  return "{any: " + list(value.any, policy) + ", except: " + list(value.except, policy) + "}";
}

std::string text_of(const NetworkExpr& expr, const Policy& policy) {
  return std::visit(Overloaded{[](const NetworkExpr::Name& name) { return name.text; },
                               [](const NetworkExpr::Literal& literal) { return to_string(literal.range); },
                               [&](const NetworkExpr::List& items) { return list(items.items, policy); },
                               [&](const NetworkExpr::Except& except) { return exception(except, policy); },
                               [&](const NetworkExpr::File& file) {
                                 return "{file: " + escaped(policy.lists[file.list.index].path) + "}";
                               }},
                    expr.value);
}

std::string text_of(const InterfaceExpr& expr, const Policy& policy) {
  return std::visit(Overloaded{[](const InterfaceExpr::Word& word) { return word.text; },
                               [&](const InterfaceExpr::List& items) { return list(items.items, policy); },
                               [&](const InterfaceExpr::Except& except) { return exception(except, policy); }},
                    expr.value);
}

// By name where it has one.
std::string icmp_text(const ServiceExpr::Icmp& icmp) {
  const std::string protocol = to_string(icmp.protocol);
  if (icmp.types.is_all()) return protocol;
  const Interval<std::uint16_t> types = icmp.types.intervals().front();
  const int type = types.first >> 8, code = types.first & 0xff;
  const bool one_code = types.first == types.last;
  for (const registry::IcmpName& each :
       registry::icmp_names(icmp.protocol == protocols::icmp ? Family::ipv4 : Family::ipv6))
    if (each.type == type && (one_code ? each.code == code : !each.code))
      return protocol + "/" + std::string(each.name);
  return protocol + "/" + std::to_string(type) + (one_code ? ":" + std::to_string(code) : "");
}

std::string text_of(const ServiceExpr& expr) {
  using Expr = ServiceExpr;
  return std::visit(
      Overloaded{[](const Expr::Any&) { return std::string("any"); }, [](const Expr::Name& name) { return name.text; },
                 [](const Expr::Ports& ports) { return range(ports.ports) + "/" + to_string(ports.protocol); },
                 [](const Expr::Number& ports) { return range(ports.ports); },
                 [](const Expr::Icmp& icmp) { return icmp_text(icmp); },
                 [](const Expr::Bare& bare) { return to_string(bare.protocol); }},
      expr.value);
}

std::string services(const std::vector<ServiceExpr>& exprs) {
  const std::string text = joined(exprs, [](const ServiceExpr& expr) { return text_of(expr); });
  return exprs.size() == 1 ? text : "[" + text + "]";
}

// What a rule and a claim have in common.
template <class Entry>
std::vector<Said> packets(const Entry& entry, std::string_view from_key, const Policy& policy) {
  std::vector<Said> all{{std::string(to_string(entry.verdict)), services(entry.services)}};
  if (entry.from) all.push_back({std::string(from_key), text_of(*entry.from, policy)});
  if (entry.to) all.push_back({"to", text_of(*entry.to, policy)});
  if (entry.in) all.push_back({"in", text_of(*entry.in, policy)});
  if (entry.out) all.push_back({"out", text_of(*entry.out, policy)});
  if (!entry.source_ports.empty()) {
    const std::string ports = joined(entry.source_ports, [](const auto& each) { return range(each.value); });
    all.push_back({"source-port", entry.source_ports.size() == 1 ? ports : "[" + ports + "]"});
  }
  return all;
}

template <class Entry>
std::string entry_text(const Entry& entry, const Policy& policy) {
  std::vector<Said> all = said(entry, policy);
  if (entry.name) all.push_back({"name", entry.name->value});
  return "  - {" + joined(all, [](const Said& each) { return each.key + ": " + each.value; }) + "}\n";
}

template <class Definitions, class ToText>
std::string definitions(std::string_view key, const Definitions& all, ToText to_text) {
  std::string text = all.empty() ? "" : std::string(key) + ":\n";
  for (const auto& definition : all) text += "  " + definition.name.value + ": " + to_text(definition.value) + "\n";
  return text;
}

std::string text_of(const File& file, const Policy& policy) {
  std::string text = "# " + escaped(file.title) + "\nportpolicy: 1\ntier: " + std::string(to_string(file.tier)) + "\n";
  if (!file.includes.empty()) text += "include:\n";
  for (const auto& include : file.includes) text += "  - " + escaped(policy.files[include.value].title) + "\n";
  text += definitions("networks", file.networks, [&](const NetworkExpr& expr) { return text_of(expr, policy); });
  text += definitions("services", file.services, [](const auto& exprs) { return services(exprs); });
  text += definitions("interfaces", file.interfaces, [&](const InterfaceExpr& expr) { return text_of(expr, policy); });
  for (const Direction direction : directions)
    if (const auto& given = file.defaults[static_cast<std::size_t>(direction)])
      text += "default of " + std::string(to_string(direction)) + ": " +
              (given->value.verdict ? std::string(to_string(*given->value.verdict)) : "unmanaged") +
              (given->value.log ? ", logged" : "") + "\n";
  if (file.base) {
    text += "base:";
    for (const Base base : all_bases)
      if (file.base->value.contains(base)) text += " " + std::string(to_string(base));
    text += "\n";
  }
  const auto entries = [&](std::string_view key, const auto& all) {
    if (!all.empty()) text += std::string(key) + ":\n";
    for (const auto& entry : all) text += entry_text(entry, policy);
  };
  for (const Direction direction : directions)
    entries(to_string(direction), file.rules[static_cast<std::size_t>(direction)]);
  entries("management", file.management);
  for (const Direction direction : directions)
    entries("tests of " + std::string(to_string(direction)), file.tests[static_cast<std::size_t>(direction)]);
  return text;
}

}  // namespace

std::string print(const Policy& policy) {
  std::string text;
  for (const File& file : policy.files) text += (text.empty() ? "" : "\n") + text_of(file, policy);
  return text;
}

std::vector<Said> said(const Rule& rule, const Policy& policy) {
  std::vector<Said> all = packets(rule, rule.only_from ? "only-from" : "from", policy);
  if (rule.until) all.push_back({"until", portpolicy::to_string(rule.until->value)});
  if (rule.log) all.push_back({"log", rule.log->value.prefix.empty() ? "true" : rule.log->value.prefix});
  if (rule.limit) all.push_back({"limit", to_string(rule.limit->value)});
  if (!rule.overrides.empty())
    all.push_back({"overrides", "[" + joined(rule.overrides, [](const auto& name) { return name.value; }) + "]"});
  return all;
}

std::vector<Said> said(const Claim& claim, const Policy& policy) {
  std::vector<Said> all = packets(claim, "from", policy);
  if (claim.states) {
    std::string names;
    for (const State state : states)
      if (claim.states->value.contains(state)) names += (names.empty() ? "" : ", ") + std::string(to_string(state));
    all.push_back({"state", names});
  }
  return all;
}

}  // namespace portpolicy::syntax

#include "compiler/syntax/print.h"

#include "compiler/base/overloaded.h"
#include "compiler/diagnostics/render.h"

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

std::string text_of(const NetworkExpr& expr);
std::string text_of(const InterfaceExpr& expr);

template <class Expr>
std::string list(const std::vector<Expr>& items) {
  return "[" + joined(items, [](const Expr& item) { return text_of(item); }) + "]";
}

template <class Except>
std::string exception(const Except& value) {
  return "{any: " + list(value.any) + ", except: " + list(value.except) + "}";
}

std::string text_of(const NetworkExpr& expr) {
  return std::visit(
      Overloaded{[](const NetworkExpr::Name& name) { return name.text; },
                 [](const NetworkExpr::Literal& literal) { return to_string(literal.range); },
                 [](const NetworkExpr::List& items) { return list(items.items); },
                 [](const NetworkExpr::Except& except) { return exception(except); },
                 [](const NetworkExpr::File& file) { return "{file: #" + std::to_string(file.list.index) + "}"; }},
      expr.value);
}

std::string text_of(const InterfaceExpr& expr) {
  return std::visit(Overloaded{[](const InterfaceExpr::Word& word) { return word.text; },
                               [](const InterfaceExpr::List& items) { return list(items.items); },
                               [](const InterfaceExpr::Except& except) { return exception(except); }},
                    expr.value);
}

std::string text_of(const ServiceExpr& expr) {
  using Expr = ServiceExpr;
  return std::visit(
      Overloaded{[](const Expr::Any&) { return std::string("any"); }, [](const Expr::Name& name) { return name.text; },
                 [](const Expr::Ports& ports) { return range(ports.ports) + "/" + to_string(ports.protocol); },
                 [](const Expr::Number& ports) { return range(ports.ports); },
                 [](const Expr::Icmp& icmp) {
                   std::string text = to_string(icmp.protocol);
                   if (icmp.types.is_all()) return text;
                   const Interval<std::uint16_t> types = icmp.types.intervals().front();
                   text += "/" + std::to_string(types.first >> 8);
                   return types.first == types.last ? text + ":" + std::to_string(types.first & 0xff) : text;
                 },
                 [](const Expr::Bare& bare) { return to_string(bare.protocol); }},
      expr.value);
}

std::string services(const std::vector<ServiceExpr>& exprs) {
  const std::string text = joined(exprs, [](const ServiceExpr& expr) { return text_of(expr); });
  return exprs.size() == 1 ? text : "[" + text + "]";
}

// What a rule and a claim have in common.
template <class Entry>
std::string packets(const Entry& entry, std::string_view from_key) {
  std::string text = std::string(to_string(entry.verdict)) + ": " + services(entry.services);
  if (entry.from) text += ", " + std::string(from_key) + ": " + text_of(*entry.from);
  if (entry.to) text += ", to: " + text_of(*entry.to);
  if (entry.in) text += ", in: " + text_of(*entry.in);
  if (entry.out) text += ", out: " + text_of(*entry.out);
  if (!entry.source_ports.empty())
    text += ", source-port: [" + joined(entry.source_ports, [](const auto& ports) { return range(ports.value); }) + "]";
  if (entry.name) text += ", name: " + entry.name->value;
  return text;
}

std::string text_of(const Rule& rule) {
  std::string text = packets(rule, rule.only_from ? "only-from" : "from");
  if (rule.until) text += ", until: " + portpolicy::to_string(rule.until->value);
  if (rule.log) text += ", log: " + (rule.log->value.prefix.empty() ? "true" : rule.log->value.prefix);
  if (rule.limit) text += ", limit: " + to_string(rule.limit->value);
  if (!rule.overrides.empty())
    text += ", overrides: [" + joined(rule.overrides, [](const auto& name) { return name.value; }) + "]";
  return "  - {" + text + "}\n";
}

template <class Definitions, class ToText>
std::string definitions(std::string_view key, const Definitions& all, ToText to_text) {
  std::string text = all.empty() ? "" : std::string(key) + ":\n";
  for (const auto& definition : all) text += "  " + definition.name.value + ": " + to_text(definition.value) + "\n";
  return text;
}

std::string claims(const std::string& key, const std::vector<Claim>& all) {
  std::string text = all.empty() ? "" : key + ":\n";
  for (const Claim& claim : all) text += "  - {" + packets(claim, "from") + "}\n";
  return text;
}

std::string text_of(const File& file, const Policy& policy) {
  std::string text = "# " + escaped(file.title) + "\nportpolicy: 1\ntier: " + std::string(to_string(file.tier)) + "\n";
  if (!file.includes.empty()) text += "include:\n";
  for (const auto& include : file.includes) text += "  - " + escaped(policy.files[include.value].title) + "\n";
  text += definitions("networks", file.networks, [](const NetworkExpr& expr) { return text_of(expr); });
  text += definitions("services", file.services, [](const auto& exprs) { return services(exprs); });
  text += definitions("interfaces", file.interfaces, [](const InterfaceExpr& expr) { return text_of(expr); });
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
  for (const Direction direction : directions) {
    const auto& rules = file.rules[static_cast<std::size_t>(direction)];
    if (!rules.empty()) text += std::string(to_string(direction)) + ":\n";
    for (const Rule& rule : rules) text += text_of(rule);
  }
  text += claims("management", file.management);
  for (const Direction direction : directions)
    text += claims("tests of " + std::string(to_string(direction)), file.tests[static_cast<std::size_t>(direction)]);
  return text;
}

}  // namespace

std::string print(const Policy& policy) {
  std::string text;
  for (const File& file : policy.files) text += (text.empty() ? "" : "\n") + text_of(file, policy);
  for (std::size_t i = 0; i < policy.lists.size(); ++i)
    text += "# list #" + std::to_string(i) + ": " + escaped(policy.lists[i].path) + "\n";
  return text;
}

}  // namespace portpolicy::syntax

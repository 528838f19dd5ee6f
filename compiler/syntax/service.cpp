#include "compiler/syntax/service.h"

#include <algorithm>
#include <array>
#include <string>

#include "compiler/diagnostics/suggest.h"
#include "compiler/registry/registry.h"
#include "compiler/syntax/ports.h"

namespace portpolicy::syntax {
namespace {

constexpr std::array<std::string_view, 5> protocols_with_ports{"tcp", "udp", "sctp", "dccp", "udplite"};
constexpr std::string_view forms = "a service is a name, `80/tcp`, `8080-8090/udp`, `icmp/echo-request` or a protocol";

std::unexpected<Mistake> mistake(Code code, std::string message, std::string help) {
  return std::unexpected(Mistake{code, std::move(message), std::move(help)});
}

bool all_of(std::string_view text, std::string_view allowed) {
  return !text.empty() && text.find_first_not_of(allowed) == std::string_view::npos;
}
bool is_number(std::string_view text) {
  return all_of(text, "0123456789");
}
bool reads_as_ports(std::string_view text) {
  return all_of(text, "0123456789-:. ,") && text.find_first_of("0123456789") != std::string_view::npos;
}
bool is_hexadecimal(std::string_view text) {
  return (text.starts_with("0x") || text.starts_with("0X")) && all_of(text.substr(2), "0123456789abcdefABCDEF");
}

ServiceExpr whole_protocol(Protocol protocol) {
  const bool icmp = protocol == protocols::icmp || protocol == protocols::icmpv6;
  if (icmp) return {ServiceExpr::Icmp{protocol, IcmpSet::all()}, {}};
  return {ServiceExpr::Bare{protocol}, {}};
}

/// `80/http`, `80/TCP`
std::unexpected<Mistake> not_a_protocol(std::string_view left, std::string_view right) {
  const std::string port(left);
  if (registry::service_named(right) != nullptr) {
    return mistake(Code::bad_service, quoted(right) + " is a service, not a protocol",
                   "write `" + port + "/tcp`, or just " + quoted(right));
  }
  if (const auto near = nearest(right, protocols_with_ports)) {
    return mistake(Code::bad_service, quoted(right) + " is not a protocol",
                   "write `" + port + "/" + std::string(*near) + "`");
  }
  return mistake(Code::bad_service, quoted(right) + " is not a protocol with ports",
                 "tcp, udp, sctp, dccp and udplite have ports");
}

/// `ssh/tcp`
std::unexpected<Mistake> name_with_protocol(std::string_view left, std::string_view right) {
  std::string help =
      "write just the name, or a port as in `22/" + std::string(protocol_named(right) ? right : "tcp") + "`";
  if (const registry::Service* service = registry::service_named(left)) {
    help = "write " + quoted(left) + " or " + registry::listed(service->uses);
  } else if (const std::vector<registry::Use> uses = registry::assigned_uses(left); !uses.empty()) {
    help = "write its port: " + registry::listed(uses);
  }
  return mistake(Code::bad_service,
                 "a name of a service says its protocols itself; " + quoted(left) + " takes no `/" +
                     std::string(right.substr(0, 20)) + "`",
                 std::move(help));
}

std::expected<std::uint8_t, Mistake> parse_icmp_number(std::string_view text) {
  const Result<std::uint32_t> number = parse_decimal(text, 0, 255);
  if (number) return static_cast<std::uint8_t>(*number);
  return mistake(Code::bad_icmp, quoted(text) + " is not an ICMP type or code",
                 "types and codes are decimal numbers from 0 to 255");
}

std::expected<IcmpSet, Mistake> parse_icmp_types(Protocol protocol, std::string_view text) {
  const Family family = protocol == protocols::icmp ? Family::ipv4 : Family::ipv6;
  const std::size_t colon = text.find(':');
  if (text.empty() || text.ends_with(':')) {
    return mistake(
        Code::bad_icmp, "the type of " + to_string(protocol) + " is not finished",
        "write a type as `" + to_string(protocol) + "/8`, or a type and code as `" + to_string(protocol) + "/3:4`");
  }
  if (is_number(text.substr(0, colon))) {
    const auto type = parse_icmp_number(text.substr(0, colon));
    if (!type) return std::unexpected(type.error());
    if (colon == std::string_view::npos) return IcmpSet::of({icmp_value(*type, 0), icmp_value(*type, 255)});
    const auto code = parse_icmp_number(text.substr(colon + 1));
    if (!code) return std::unexpected(code.error());
    return IcmpSet::of({icmp_value(*type, *code), icmp_value(*type, *code)});
  }
  const auto known = registry::icmp_names(family);
  if (const auto found = std::ranges::find(known, text, &registry::IcmpName::name); found != known.end()) {
    return IcmpSet::of(
        {icmp_value(found->type, found->code.value_or(0)), icmp_value(found->type, found->code.value_or(255))});
  }
  std::vector<std::string_view> names;
  for (const registry::IcmpName& name : known) names.push_back(name.name);
  std::string help = did_you_mean(text, names);
  if (help.empty())
    help = "write a type as `" + to_string(protocol) + "/8`, a type and code as `" + to_string(protocol) +
           "/3:4`, or a name such as `" + to_string(protocol) + "/echo-request`";
  return mistake(Code::bad_icmp, quoted(text) + " is not a type of " + to_string(protocol), std::move(help));
}

/// Text with a `/`.
std::expected<ServiceExpr, Mistake> parse_pair(std::string_view left, std::string_view right) {
  const std::optional<Protocol> first = protocol_named(left);
  if (first == protocols::icmp || first == protocols::icmpv6) {
    const auto types = parse_icmp_types(*first, right);
    if (!types) return std::unexpected(types.error());
    return ServiceExpr{ServiceExpr::Icmp{*first, *types}, {}};
  }
  if (first && has_ports(*first)) {
    const std::string port(reads_as_ports(right) ? right : "80");
    return mistake(Code::bad_service, "the port stands before the protocol",
                   "write `" + port + "/" + std::string(left) + "`");
  }
  if (first) {
    return mistake(Code::bad_service, quoted(left) + " has no ports", "write just " + quoted(left));
  }
  if (!reads_as_ports(left) && !is_hexadecimal(left)) {
    if (is_name(left)) return name_with_protocol(left, right);
    return mistake(Code::bad_service, quoted(std::string(left) + "/" + std::string(right)) + " is not a service",
                   std::string(forms));
  }
  const auto ports = parse_ports(left);
  if (!ports) return std::unexpected(ports.error());
  const std::optional<Protocol> protocol = protocol_named(right);
  if (!protocol) return not_a_protocol(left, right);
  if (!has_ports(*protocol)) {
    return mistake(Code::bad_service, quoted(right) + " has no ports", "write just " + quoted(right));
  }
  return ServiceExpr{ServiceExpr::Ports{*protocol, *ports}, {}};
}

std::expected<ServiceExpr, Mistake> parse_protocol_number(std::string_view text) {
  const Result<std::uint32_t> number = parse_decimal(text, 0, 255);
  if (number) return whole_protocol(Protocol{static_cast<std::uint8_t>(*number)});
  return mistake(Code::bad_service, quoted(text) + " is not the number of a protocol",
                 "write a decimal number from 0 to 255, as in `protocol 50`");
}

std::unexpected<Mistake> not_a_service(std::string_view text) {
  if (text == "*" || text == "all")
    return mistake(Code::bad_service, quoted(text) + " is not a service", "write `any`");
  if (text.empty()) return mistake(Code::empty_value, "the service is empty", std::string(forms));
  if (text.find(',') != std::string_view::npos || text.find(' ') != std::string_view::npos) {
    return mistake(Code::bad_service, quoted(text) + " is not a service",
                   "write several services as a list: `[http, https]`");
  }
  return mistake(Code::bad_service, quoted(text) + " is not a service", std::string(forms));
}

std::optional<ServiceExpr> read_service(Node item, std::string_view what, const Context& context) {
  if (!item.is_scalar()) {
    context.error(Code::wrong_kind, item.where(),
                  "`" + std::string(what) + "` takes services, not " + std::string(kind_name(item)),
                  std::string(forms));
    return std::nullopt;
  }
  std::expected<ServiceExpr, Mistake> service = parse_service(item.text());
  if (!service) {
    context.error(service.error().code, item.where(), service.error().message, service.error().help);
    return std::nullopt;
  }
  service->where = item.where();
  return *std::move(service);
}

}  // namespace

std::expected<ServiceExpr, Mistake> parse_service(std::string_view text) {
  if (text == "any") return ServiceExpr{ServiceExpr::Any{}, {}};
  if (const std::size_t slash = text.find('/'); slash != std::string_view::npos) {
    return parse_pair(text.substr(0, slash), text.substr(slash + 1));
  }
  if (reads_as_ports(text) || is_hexadecimal(text)) {
    const auto ports = parse_ports(text);
    if (!ports) return std::unexpected(ports.error());
    return ServiceExpr{ServiceExpr::Number{*ports}, {}};
  }
  if (const std::optional<Protocol> protocol = protocol_named(text)) return whole_protocol(*protocol);
  if (text.starts_with("protocol ")) return parse_protocol_number(text.substr(9));
  if (is_name(text) && text != "all" && !reads_as_value(text))
    return ServiceExpr{ServiceExpr::Name{std::string(text)}, {}};
  return not_a_service(text);
}

std::optional<std::vector<ServiceExpr>> read_services(Node value, std::string_view what, const Context& context) {
  std::vector<ServiceExpr> services;
  services.reserve(value.is_sequence() ? value.size() : 1);
  const bool good = each_item(value, what, context, [&](Node item) {
    std::optional<ServiceExpr> service = read_service(item, what, context);
    if (!service) return false;
    services.push_back(*std::move(service));
    return true;
  });
  if (!good) return std::nullopt;
  return services;
}

}  // namespace portpolicy::syntax

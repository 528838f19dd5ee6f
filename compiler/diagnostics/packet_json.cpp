#include "compiler/diagnostics/packet_json.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <tuple>

#include "compiler/diagnostics/render.h"
#include "compiler/diagnostics/suggest.h"

namespace portpolicy {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::array<std::string_view, 11> field_names{"direction",   "in",        "out",         "source",
                                                       "destination", "protocol",  "source_port", "destination_port",
                                                       "icmp_type",   "icmp_code", "state"};
constexpr std::uint16_t usual_source_port = 40000;

/// What is there and not null.
const Json* field(const Json& json, std::string_view name) {
  const auto found = json.find(name);
  return found == json.end() || found->is_null() ? nullptr : &*found;
}

std::unexpected<Error> fail_at(std::string_view name, std::string_view problem) {
  return fail("`" + std::string(name) + "` " + std::string(problem));
}

Result<std::string> text(const Json& json, std::string_view name) {
  const Json* value = field(json, name);
  if (value == nullptr) return fail_at(name, "is missing");
  if (!value->is_string()) return fail_at(name, "must be a string");
  return value->get<std::string>();
}

template <class Number>
Result<Number> number(const Json& value, std::string_view name) {
  constexpr std::uint64_t most = std::numeric_limits<Number>::max();
  const bool negative = value.is_number_integer() && !value.is_number_unsigned() && value.get<std::int64_t>() < 0;
  if (!value.is_number_integer() || negative || value.get<std::uint64_t>() > most) {
    return fail_at(name, "must be a whole number from 0 to " + std::to_string(most));
  }
  return static_cast<Number>(value.get<std::uint64_t>());
}

/// The value whose name the field holds, out of a closed list.
template <class Value, std::size_t size>
Result<Value> one_of(const Json& json, std::string_view name, const std::array<Value, size>& values) {
  const Result<std::string> word = text(json, name);
  if (!word) return std::unexpected(word.error());
  std::string known;
  for (const Value value : values) {
    if (to_string(value) == *word) return value;
    known += (known.empty() ? "" : ", ") + std::string(to_string(value));
  }
  return fail_at(name, "is `" + escaped(*word) + "`, which is none of " + known);
}

Result<Address> address(const Json& json, std::string_view name) {
  const Result<std::string> word = text(json, name);
  if (!word) return std::unexpected(word.error());
  const Result<Address> parsed = Address::parse(*word);
  if (!parsed) return fail_at(name, "is `" + escaped(*word) + "`: " + escaped(parsed.error().message));
  return *parsed;
}

Result<Protocol> protocol(const Json& json) {
  const Json* value = field(json, "protocol");
  if (value == nullptr) return fail_at("protocol", "is missing");
  if (value->is_string()) {
    const auto word = value->get<std::string>();
    if (const std::optional<Protocol> named = protocol_named(word)) return *named;
    return fail_at("protocol", "is `" + escaped(word) + "`, which is no protocol known by name; give its number");
  }
  const Result<std::uint8_t> parsed = number<std::uint8_t>(*value, "protocol");
  if (!parsed) return fail_at("protocol", "must be a name or a whole number from 0 to 255");
  return Protocol{*parsed};
}

/// A number that is there exactly when the packet's protocol has it; `otherwise` where it may be left out.
template <class Number>
Result<Number> number_if(bool wanted, const Json& json, std::string_view name, const Packet& packet,
                         std::optional<Number> otherwise) {
  const Json* value = field(json, name);
  if (!wanted) {
    if (value == nullptr) return Number{0};
    return fail_at(
        name, "cannot be given for " + to_string(packet.protocol) + " over " + std::string(to_string(packet.family())));
  }
  if (value != nullptr) return number<Number>(*value, name);
  if (!otherwise) return fail_at(name, "is missing");
  return *otherwise;
}

std::optional<Error> read_interfaces(const Json& json, Packet& packet) {
  for (const auto& [name, place, absent] :
       {std::tuple{"in", &packet.in, Direction::outbound}, std::tuple{"out", &packet.out, Direction::inbound}}) {
    if (field(json, name) == nullptr) continue;
    const Result<std::string> word = text(json, name);
    if (!word) return word.error();
    if (packet.direction == absent && !word->empty()) {
      return fail_at(name, "cannot be given for an " + std::string(to_string(absent)) + " packet").error();
    }
    *place = *word;
  }
  return std::nullopt;
}

std::optional<Error> read_addresses(const Json& json, Packet& packet) {
  const Result<Address> source = address(json, "source");
  if (!source) return source.error();
  const Result<Address> destination = address(json, "destination");
  if (!destination) return destination.error();
  if (source->family != destination->family) return Error{"`source` and `destination` are of different families"};
  packet.source = *source;
  packet.destination = *destination;
  return std::nullopt;
}

std::optional<Error> read_transport(const Json& json, Packet& packet) {
  const Result<Protocol> named = protocol(json);
  if (!named) return named.error();
  packet.protocol = *named;
  const bool ports = has_ports(*named);
  const bool icmp = has_icmp(packet);
  const auto source_port = number_if<std::uint16_t>(ports, json, "source_port", packet, usual_source_port);
  if (!source_port) return source_port.error();
  const auto destination_port = number_if<std::uint16_t>(ports, json, "destination_port", packet, std::nullopt);
  if (!destination_port) return destination_port.error();
  const auto type = number_if<std::uint8_t>(icmp, json, "icmp_type", packet, std::nullopt);
  if (!type) return type.error();
  const auto code = number_if<std::uint8_t>(icmp, json, "icmp_code", packet, std::uint8_t{0});
  if (!code) return code.error();
  packet.source_port = Port(*source_port);
  packet.destination_port = Port(*destination_port);
  packet.icmp_type = *type;
  packet.icmp_code = *code;
  return std::nullopt;
}

}  // namespace

Json to_json(const Packet& packet) {
  Json json = {{"direction", to_string(packet.direction)}};
  if (!packet.in.empty()) json["in"] = packet.in;
  if (!packet.out.empty()) json["out"] = packet.out;
  json["source"] = to_string(packet.source);
  json["destination"] = to_string(packet.destination);
  const std::optional<std::string_view> name = name_of(packet.protocol);
  json["protocol"] = name ? Json(*name) : Json(packet.protocol.number);
  if (has_ports(packet.protocol)) {
    json["source_port"] = packet.source_port.number();
    json["destination_port"] = packet.destination_port.number();
  }
  if (has_icmp(packet)) {
    json["icmp_type"] = packet.icmp_type;
    json["icmp_code"] = packet.icmp_code;
  }
  json["state"] = to_string(packet.state);
  return json;
}

Result<Packet> packet_from_json(const Json& json) {
  if (!json.is_object()) return fail("a packet must be a JSON object");
  for (const auto& [name, value] : json.items()) {
    if (std::ranges::find(field_names, name) != field_names.end()) continue;
    const std::string meant = did_you_mean(name, field_names);
    return fail("unknown field `" + escaped(name) + "`" + (meant.empty() ? "" : "; " + meant));
  }
  Packet packet;
  const Result<Direction> direction = one_of(json, "direction", directions);
  if (!direction) return std::unexpected(direction.error());
  packet.direction = *direction;
  if (const auto error = read_interfaces(json, packet)) return std::unexpected(*error);
  if (const auto error = read_addresses(json, packet)) return std::unexpected(*error);
  if (const auto error = read_transport(json, packet)) return std::unexpected(*error);
  if (field(json, "state") != nullptr) {
    const Result<State> state = one_of(json, "state", states);
    if (!state) return std::unexpected(state.error());
    packet.state = *state;
  }
  return packet;
}

}  // namespace portpolicy

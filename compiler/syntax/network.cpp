#include "compiler/syntax/network.h"

#include <algorithm>
#include <string>
#include <utility>

#include "compiler/syntax/items.h"

namespace portpolicy::syntax {
namespace {

constexpr std::string_view forms = "a network is an address, a prefix, a range `a-b` or a name";

/// 24 for `255.255.255.0`.
std::optional<int> netmask_length(std::string_view text) {
  const Result<Address> mask = Address::parse(text);
  if (!mask || mask->family != Family::ipv4) return std::nullopt;
  for (int length = 0; length <= 32; ++length) {
    const std::uint64_t bits = (std::uint64_t{0xFFFFFFFF} << (32 - length)) & 0xFFFFFFFF;
    if (bits == static_cast<std::uint64_t>(mask->bits)) return length;
  }
  return std::nullopt;
}

std::string help_for(std::string_view text) {
  if (text.find(',') != std::string_view::npos || text.find(' ') != std::string_view::npos) {
    const bool range = text.find('-') != std::string_view::npos;
    return range ? "write a range without spaces: `10.0.0.1-10.0.0.9`" : "write several networks as a list: `[a, b]`";
  }
  const std::size_t slash = text.find('/');
  if (slash != std::string_view::npos) {
    if (const auto length = netmask_length(text.substr(slash + 1))) {
      return "write the mask as a length: `" + std::string(text.substr(0, slash)) + "/" + std::to_string(*length) + "`";
    }
  }
  return {};
}

std::optional<NetworkExpr> read_word(Node value, std::string_view what, const Context& context) {
  const std::string_view text = value.text();
  if (reads_as_address(text)) {
    if (const Result<AddressRange> range = AddressRange::parse(text)) {
      return NetworkExpr{NetworkExpr::Literal{*range}, value.where()};
    }
    Mistake mistake = bad_address(text);
    context.error(mistake.code, value.where(), std::move(mistake.message), std::move(mistake.help));
    return std::nullopt;
  }
  if (is_name(text) && !reads_as_value(text)) return NetworkExpr{NetworkExpr::Name{std::string(text)}, value.where()};
  if (text.empty()) {
    context.error(Code::empty_value, value.where(), "the network after `" + std::string(what) + "` is empty",
                  std::string(forms));
    return std::nullopt;
  }
  std::string help = text == "*" ? "write `any`" : help_for(text);
  context.error(Code::bad_address, value.where(), quoted(text) + " is neither an address nor a name",
                help.empty() ? std::string(forms) : std::move(help));
  return std::nullopt;
}

std::optional<NetworkExpr> read_file(const Fields& fields, Node mapping, const Context& context) {
  const Fields::Field& file = *fields.find("file");
  for (const std::string_view other : {"any", "except"}) {
    const Fields::Field* field = fields.find(other);
    if (field == nullptr) continue;
    context.error(Code::keys_together, field->name.where(), "`" + std::string(other) + "` cannot stand beside `file`",
                  "write `{any: [{file: ...}], except: [...]}`");
    return std::nullopt;
  }
  const std::optional<Located<std::string>> path = read_text(file.value, "file", context);
  if (!path) return std::nullopt;
  const std::optional<ListFileId> list = context.find_list(*path);
  if (!list) return std::nullopt;
  return NetworkExpr{NetworkExpr::File{*list}, mapping.where()};
}

/// In `[fd00::]` YAML takes the last colon for its own and sees a key without a value.
bool report_lost_colon(Node mapping, const Context& context) {
  if (mapping.size() != 2) return false;
  const Node name = *mapping.begin(), value = *std::next(mapping.begin());
  if (!name.is_scalar() || name.quoted() || !value.is_null()) return false;
  const std::string address = std::string(name.text()) + ":";
  if (!AddressRange::parse(address)) return false;
  context.error(Code::bad_address, name.where(), "YAML takes the last colon of " + quoted(address) + " for its own",
                "put the address into quotes: `\"" + address + "\"`");
  return true;
}

std::optional<NetworkExpr> read_mapping(Node mapping, const Context& context) {
  if (report_lost_colon(mapping, context)) return std::nullopt;
  const std::size_t before = context.diagnostics.errors();
  const Fields fields = read_fields(mapping, network_keys, context);
  if (context.diagnostics.errors() != before) return std::nullopt;
  if (fields.find("file") != nullptr) return read_file(fields, mapping, context);
  Mistake without_any{Code::missing_key, "`any` or `file` is missing in this network",
                      "write `{any: any, except: [...]}` for all but some"};
  return read_exception<NetworkExpr>(mapping, fields, std::move(without_any), context, read_network);
}

}  // namespace

bool reads_as_address(std::string_view text) {
  if (text.empty()) return false;
  if (text.find(':') != std::string_view::npos || text.find('/') != std::string_view::npos) return true;
  return text.find_first_of("0123456789") != std::string_view::npos &&
         text.find_first_not_of("0123456789.- ,") == std::string_view::npos;
}

Mistake bad_address(std::string_view text) {
  if (const std::optional<Prefix> meant = prefix_with_host_bits(text)) {
    return {Code::host_bits, quoted(text) + " has host bits set",
            "write `" + to_string(*meant) + "` for the network, or " + quoted(text.substr(0, text.find('/'))) +
                " for the one address"};
  }
  std::string help = help_for(text);
  if (!help.empty()) return {Code::bad_address, quoted(text) + " is not a network", std::move(help)};
  const Result<AddressRange> range = AddressRange::parse(text);
  return {Code::bad_address, range ? quoted(text) + " is not a network" : range.error().message, {}};
}

std::optional<NetworkExpr> read_network(Node value, std::string_view what, const Context& context) {
  if (value.is_scalar()) return read_word(value, what, context);
  if (value.is_mapping()) return read_mapping(value, context);
  return read_list<NetworkExpr>(value, what, context, read_network);
}

}  // namespace portpolicy::syntax

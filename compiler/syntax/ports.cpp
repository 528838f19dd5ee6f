#include "compiler/syntax/ports.h"

#include <algorithm>
#include <string>

namespace portpolicy::syntax {
namespace {

std::unexpected<Mistake> bad_port(std::string message, std::string help) {
  return std::unexpected(Mistake{Code::bad_port, std::move(message), std::move(help)});
}

bool all_digits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

std::string without_zeros(std::string_view text) {
  const std::size_t first = text.find_first_not_of('0');
  return std::string(first == std::string_view::npos ? "0" : text.substr(first));
}

std::expected<std::uint16_t, Mistake> parse_port(std::string_view text) {
  if (!all_digits(text)) {
    return bad_port(quoted(text) + " is not a port", "write a decimal number from 1 to 65535, or a range `8080-8090`");
  }
  if (text == "0") return bad_port("port 0 cannot be named in a policy", "ports go from 1 to 65535");
  if (text[0] == '0') return bad_port(quoted(text) + " has a leading zero", "write " + quoted(without_zeros(text)));
  const Result<std::uint32_t> number = parse_decimal(text, 1, 65535);
  if (!number) return bad_port(quoted(text) + " is not a port", "ports go from 1 to 65535");
  return static_cast<std::uint16_t>(*number);
}

/// `a-b` for texts that mean that but say it with spaces or a colon.
std::optional<std::string> range_meant(std::string_view text) {
  const std::size_t first_end = text.find_first_not_of("0123456789");
  const std::size_t second = text.find_first_of("0123456789", first_end);
  if (first_end == 0 || second == std::string_view::npos) return std::nullopt;
  const std::string_view between = text.substr(first_end, second - first_end);
  const bool separates = between == ":" || between == ".." || between.find('-') != std::string_view::npos;
  if (!separates || between.find_first_not_of(" -:.") != std::string_view::npos) return std::nullopt;
  if (!all_digits(text.substr(second))) return std::nullopt;
  return std::string(text.substr(0, first_end)) + "-" + std::string(text.substr(second));
}

}  // namespace

std::expected<Interval<std::uint16_t>, Mistake> parse_ports(std::string_view text) {
  const std::size_t dash = text.find('-');
  const std::optional<std::string> meant = range_meant(text);
  if (meant && *meant != text) return bad_port(quoted(text) + " is not a range of ports", "write " + quoted(*meant));
  if (text.find(',') != std::string_view::npos) {
    return bad_port(quoted(text) + " is not a port", "write several ports as a list: `[80, 443]`");
  }
  if (dash == std::string_view::npos) {
    const auto port = parse_port(text);
    if (!port) return std::unexpected(port.error());
    return Interval<std::uint16_t>{*port, *port};
  }
  if (dash == 0 || dash + 1 == text.size()) {
    return bad_port(quoted(text) + " is not a range of ports", "write both ends, as in `8080-8090`");
  }
  const auto first = parse_port(text.substr(0, dash));
  if (!first) return std::unexpected(first.error());
  const auto last = parse_port(text.substr(dash + 1));
  if (!last) return std::unexpected(last.error());
  if (*last < *first) {
    return bad_port("the range " + quoted(text) + " ends before it begins",
                    "write `" + std::to_string(*last) + "-" + std::to_string(*first) + "`");
  }
  return Interval<std::uint16_t>{*first, *last};
}

}  // namespace portpolicy::syntax

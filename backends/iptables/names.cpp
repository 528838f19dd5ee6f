#include "backends/iptables/names.h"

#include "backends/common/text.h"

namespace portpolicy::iptables {
namespace {

/// Fowler, Noll and Vo, version 1a with 64 bits, folded to 32. Two contents with one name do no harm: sets are swapped whole.
class Digest {
 public:
  void take(std::uint64_t number) {
    for (int byte = 0; byte < 8; ++byte) {
      hash_ = (hash_ ^ (number >> 8 * byte & 0xff)) * 0x100000001b3;
    }
  }
  std::string text() const {
    constexpr std::string_view digits = "0123456789abcdef";
    const auto folded = static_cast<std::uint32_t>(hash_ ^ hash_ >> 32);
    std::string text;
    for (int shift = 28; shift >= 0; shift -= 4) text += digits[folded >> shift & 0xf];
    return text;
  }

 private:
  std::uint64_t hash_ = 0xcbf29ce484222325;
};

}  // namespace

std::string Names::make(std::string_view prefix, std::string_view name, std::size_t limit) {
  const auto made = [&](const std::string& suffix) {
    return std::string(prefix) + backend::words(name, '-', limit - prefix.size() - suffix.size()) + suffix;
  };
  std::string result = made("");
  std::uint32_t& last = uses_.try_emplace(result, 0).first->second;
  for (++last; last > 1; ++last) {
    result = made("-" + std::to_string(last));
    // References into an unordered_map stay good when it grows.
    if (uses_.try_emplace(result, 1).second) break;
  }
  return result;
}

std::string set_name(std::string_view name, Family family, const Set& set) {
  Digest digest;
  digest.take(set.ports ? 1 : 0);
  for (const Prefix& prefix : set.prefixes) {
    digest.take(static_cast<std::uint64_t>(prefix.address.bits >> 64));
    digest.take(static_cast<std::uint64_t>(prefix.address.bits));
    digest.take(static_cast<std::uint64_t>(prefix.length));
  }
  for (const backend::Service& service : set.services)
    digest.take(std::uint64_t{service.protocol.number} << 16 | service.ports.first);
  const std::string begin = family == Family::ipv4 ? "PP4-" : "PP6-";
  const std::string end = "-" + digest.text();
  return begin + backend::words(name, '-', most_set_bytes - begin.size() - end.size()) + end;
}

}  // namespace portpolicy::iptables

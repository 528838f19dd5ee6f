#include "compiler/syntax/policy.h"

#include <utility>

namespace portpolicy::syntax {

std::string_view to_string(Base base) {
  switch (base) {
    case Base::loopback:
      return "loopback";
    case Base::icmp:
      return "icmp";
    case Base::address:
      return "address";
    case Base::established:
      return "established";
    case Base::invalid:
      return "invalid";
  }
  std::unreachable();
}

std::string_view to_string(Tier tier) {
  switch (tier) {
    case Tier::mandatory:
      return "mandatory";
    case Tier::normal:
      return "normal";
    case Tier::baseline:
      return "baseline";
  }
  std::unreachable();
}

std::string place_name(const Policy& policy, std::size_t file, std::string_view list, std::size_t place) {
  std::string text = file == 0 ? std::string{} : policy.files[file].title + ":";
  text.append(list).append("[").append(std::to_string(place)).append("]");
  return text;
}

}  // namespace portpolicy::syntax

#include "backends/iptables/print_sets.h"

#include <algorithm>

#include "backends/common/numbers.h"
#include "backends/iptables/print_rule.h"

namespace portpolicy::iptables {
namespace {

/// What the kernel takes when nothing is said.
constexpr std::size_t usual_elements = 65536;

}  // namespace

void append_set(std::string& text, Family family, const Set& set) {
  const std::string filling = set.name + "~";
  const std::string type = std::string(set.ports ? " hash:net,port" : " hash:net") + " family " +
                           (family == Family::ipv4 ? "inet" : "inet6") + " maxelem " +
                           std::to_string(std::max(usual_elements, set.prefixes.size())) + " -exist\n";
  text += "create " + set.name + type + "create " + filling + type + "flush " + filling + "\n";
  const std::string add = "add " + filling + " ";
  for (std::size_t i = 0; i < set.prefixes.size(); ++i) {
    text += add;
    backend::append_prefix(text, set.prefixes[i]);
    if (set.ports) {
      text += ',';
      text += protocol_word(set.services[i].protocol);
      text += ':';
      backend::append_number(text, set.services[i].ports.first);
    }
    text += '\n';
  }
  text += "swap " + filling + " " + set.name + "\ndestroy " + filling + "\n";
}

}  // namespace portpolicy::iptables

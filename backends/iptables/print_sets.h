#pragma once

#include <string>

#include "backends/iptables/model.h"

namespace portpolicy::iptables {

/// Lines of ipset(8) that make the set whole, whatever is there: it is filled under another name and swapped.
void append_set(std::string& text, Family family, const Set& set);

}  // namespace portpolicy::iptables

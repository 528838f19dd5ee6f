#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "compiler/base/address.h"
#include "compiler/base/result.h"
#include "compiler/base/transport.h"

/// The data of policies/registry as its files say it, checked.
namespace portpolicy::registry::generate {

struct Use {
  Protocol protocol;
  Interval<std::uint16_t> ports;
};

struct Service {
  std::string name;
  std::vector<Use> uses;
  std::vector<std::string> aliases;
  std::string description;
  std::string sensitive;  ///< why it should not be open to the internet; empty when it may be
};

struct Assignment {
  std::string name;
  std::vector<Use> uses;
  std::string description;
};

struct SpecialPurpose {
  Prefix prefix;
  std::string reachable;  ///< the enumerator: no, yes, not_applicable
};

struct IcmpName {
  std::string name;
  std::uint8_t type = 0;
  std::optional<std::uint8_t> code;
};

struct Data {
  std::string date;  ///< the newest of all files but that of the IANA's port registry
  std::string iana_date;
  std::vector<Service> services;
  std::vector<Assignment> assignments;
  std::vector<SpecialPurpose> special_purpose;
  std::array<std::vector<IcmpName>, 2> icmp_names;  ///< by Family
};

/// Reads all files of the folder. An error names file and line.
Result<Data> read(const std::string& folder);

/// The C++ source of compiler/registry/tables.h.
std::string print(Data data);

}  // namespace portpolicy::registry::generate

#pragma once

#include <nlohmann/json_fwd.hpp>

#include "compiler/base/packet.h"
#include "compiler/base/result.h"

namespace portpolicy {

/// PACKET as it stands in findings and in what `explain --packets` reads: `{"direction","in","out","source",
/// "destination","protocol","source_port","destination_port","icmp_type","icmp_code","state"}`. Fields that the
/// protocol does not have are left out.
nlohmann::ordered_json to_json(const Packet& packet);

/// The packet of one such object. What is left out: interface unknown, source port 40000, ICMP code 0, state new;
/// anything else missing, unknown or out of range is an error that names the field.
Result<Packet> packet_from_json(const nlohmann::ordered_json& json);

}  // namespace portpolicy

#include "compiler/diagnostics/packet_json.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

using namespace portpolicy;
using Json = nlohmann::ordered_json;

namespace {

Json usual() {
  return {{"direction", "inbound"},
          {"source", "198.51.100.7"},
          {"destination", "192.0.2.1"},
          {"protocol", "tcp"},
          {"destination_port", 22}};
}

Json with(std::string_view name, const Json& value) {
  Json json = usual();
  json[std::string(name)] = value;
  return json;
}

std::string problem(const Json& json) {
  const Result<Packet> packet = packet_from_json(json);
  return packet ? "none" : packet.error().message;
}

}  // namespace

TEST_SUITE("packet json") {
  TEST_CASE("what is left out has its usual value") {
    const Result<Packet> packet = packet_from_json(usual());
    REQUIRE(packet);
    CHECK(packet->in.empty());
    CHECK(packet->out.empty());
    CHECK(packet->source_port == Port(40000));
    CHECK(packet->destination_port == Port(22));
    CHECK(packet->state == State::new_);
    CHECK(packet->protocol == protocols::tcp);
  }

  TEST_CASE("null is as good as left out") {
    CHECK(packet_from_json(with("in", nullptr)).has_value());
  }

  TEST_CASE("a protocol may be given by number") {
    CHECK(packet_from_json(with("protocol", 6))->protocol == protocols::tcp);
    Json json = usual();
    json["protocol"] = 200;
    json.erase("destination_port");
    CHECK(packet_from_json(json)->protocol == Protocol{200});
  }

  TEST_CASE("every field is read and written back alike") {
    const std::vector<std::string> packets = {
        R"({"direction":"forward","in":"eth0","out":"br-x","source":"2001:db8::1","destination":"2001:db8::2",)"
        R"("protocol":"udp","source_port":0,"destination_port":65535,"state":"established"})",
        R"({"direction":"inbound","source":"192.0.2.1","destination":"192.0.2.2","protocol":"icmp",)"
        R"("icmp_type":3,"icmp_code":4,"state":"related"})",
        R"({"direction":"inbound","source":"2001:db8::1","destination":"2001:db8::2","protocol":"icmpv6",)"
        R"("icmp_type":135,"icmp_code":0,"state":"untracked"})",
        R"({"direction":"outbound","source":"192.0.2.1","destination":"192.0.2.2","protocol":"esp","state":"invalid"})",
        R"({"direction":"outbound","source":"192.0.2.1","destination":"192.0.2.2","protocol":200,"state":"new"})",
        R"({"direction":"inbound","source":"2001:db8::1","destination":"2001:db8::2","protocol":"icmp","state":"new"})",
    };
    for (const std::string& text : packets) {
      CAPTURE(text);
      const Result<Packet> packet = packet_from_json(Json::parse(text));
      REQUIRE(packet);
      CHECK(to_json(*packet).dump() == text);
    }
  }

  TEST_CASE("what is missing is named") {
    for (const char* name : {"direction", "source", "destination", "protocol", "destination_port"}) {
      Json json = usual();
      json.erase(name);
      CHECK(problem(json) == "`" + std::string(name) + "` is missing");
    }
    Json icmp = with("protocol", "icmp");
    icmp.erase("destination_port");
    CHECK(problem(icmp) == "`icmp_type` is missing");
  }

  TEST_CASE("what is unknown is named, with what may be meant") {
    CHECK(problem(with("sorce", "192.0.2.1")) == "unknown field `sorce`; did you mean `source`?");
    CHECK(problem(with("direction", "in")) == "`direction` is `in`, which is none of inbound, outbound, forward");
    CHECK(problem(with("state", "closed")).starts_with("`state` is `closed`, which is none of new, established"));
    CHECK(problem(with("protocol", "tpc")).starts_with("`protocol` is `tpc`"));
    CHECK(problem(with("source", "192.0.2.999")).starts_with("`source` is `192.0.2.999`: "));
    CHECK(problem(Json::array()) == "a packet must be a JSON object");
  }

  TEST_CASE("numbers out of range are refused") {
    for (const Json& number : {Json(65536), Json(-1), Json(1.5), Json("22"), Json(true)}) {
      CAPTURE(number.dump());
      CHECK(problem(with("destination_port", number)) == "`destination_port` must be a whole number from 0 to 65535");
    }
    CHECK(problem(with("protocol", 256)) == "`protocol` must be a name or a whole number from 0 to 255");
  }

  TEST_CASE("fields that the packet cannot have are refused") {
    CHECK(problem(with("protocol", "esp")) == "`destination_port` cannot be given for esp over IPv4");
    CHECK(problem(with("icmp_type", 8)) == "`icmp_type` cannot be given for tcp over IPv4");
    CHECK(problem(with("out", "eth0")) == "`out` cannot be given for an inbound packet");
    Json outbound = with("direction", "outbound");
    outbound["in"] = "eth0";
    CHECK(problem(outbound) == "`in` cannot be given for an outbound packet");
  }

  TEST_CASE("source and destination are of one family") {
    CHECK(problem(with("source", "2001:db8::1")) == "`source` and `destination` are of different families");
  }
}

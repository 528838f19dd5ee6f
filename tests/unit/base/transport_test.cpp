#include "compiler/base/transport.h"

#include <doctest/doctest.h>

using namespace portpolicy;

TEST_CASE("a port is a decimal number up to 65535") {
  CHECK(Port::parse("0")->number() == 0);
  CHECK(Port::parse("65535")->number() == 65535);
  for (const char* text :
       {"", "65536", "-1", "+1", "080", "00", "0x50", " 80", "80 ", "8 0", "4294967376", "18446744073709551696"}) {
    CHECK_FALSE_MESSAGE(Port::parse(text).has_value(), text);
  }
  CHECK(Port::parse("080").error().message == "not a port: `080` has a leading zero");
}

TEST_CASE("ports are printed as numbers and ranges") {
  CHECK(to_string(PortSet::of({{80, 80}, {443, 443}, {8000, 8010}})) == "80, 443, 8000-8010");
  CHECK(to_string(PortSet::all()) == "0-65535");
  CHECK(to_string(PortSet()) == "no port");
}

TEST_CASE("every protocol name stands for the number that gives it back") {
  CHECK(protocol_named("tcp") == protocols::tcp);
  CHECK(protocol_named("icmpv6") == protocols::icmpv6);
  CHECK(protocol_named("ospf") == Protocol{89});
  CHECK(protocol_named("TCP") == std::nullopt);
  CHECK(protocol_named("") == std::nullopt);
  int named = 0;
  for (int number = 0; number < 256; ++number) {
    const Protocol protocol{static_cast<std::uint8_t>(number)};
    const auto name = name_of(protocol);
    if (!name) continue;
    ++named;
    CHECK(protocol_named(*name) == protocol);
    CHECK(to_string(protocol) == *name);
  }
  CHECK(named == 16);
  CHECK(to_string(Protocol{200}) == "protocol 200");
}

#include "compiler/base/address.h"

#include <doctest/doctest.h>

#include <random>
#include <string>

using namespace portpolicy;

namespace {

Address address(std::string_view text) {
  const Result<Address> parsed = Address::parse(text);
  REQUIRE_MESSAGE(parsed.has_value(), std::string(text));
  return *parsed;
}

AddressRange range(std::string_view text) {
  const Result<AddressRange> parsed = AddressRange::parse(text);
  REQUIRE_MESSAGE(parsed.has_value(), std::string(text));
  return *parsed;
}

std::string error(std::string_view text) {
  const Result<AddressRange> parsed = AddressRange::parse(text);
  return parsed ? "accepted" : parsed.error().message;
}

/// What comes out again when `text` is read and printed.
std::string printed(std::string_view text) {
  return to_string(range(text));
}

}  // namespace

TEST_CASE("an IPv4 address is a strict dotted quad") {
  CHECK(address("0.0.0.0") == Address{Family::ipv4, 0});
  CHECK(address("255.255.255.255") == Address{Family::ipv4, 0xFFFFFFFF});
  CHECK(address("192.0.2.1") == Address{Family::ipv4, 0xC0000201});
  for (const char* text :
       {"", "1", "1.2.3", "1.2.3.4.5", "1.2.3.256", "1.2.3.-4", "1.2.3.+4", "1..2.3", ".1.2.3", "1.2.3.", "1.2.3.4 ",
        " 1.2.3.4", "1.2.3.0x4", "1.2.3.4a", "999999999999999999999.0.0.0", "example.org"}) {
    CHECK_FALSE_MESSAGE(Address::parse(text).has_value(), text);
  }
  CHECK(error("10.0.0.010") == "`10.0.0.010` is not an IPv4 address: `010` has a leading zero");
  CHECK(error("10.0.0.300") == "`10.0.0.300` is not an IPv4 address: `300` is more than 255");
}

TEST_CASE("an IPv6 address is read in all forms of RFC 4291") {
  CHECK(address("::") == Address{Family::ipv6, 0});
  CHECK(address("::1") == Address{Family::ipv6, 1});
  CHECK(address("1::") == Address{Family::ipv6, Uint128{1} << 112});
  CHECK(address("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff").bits == static_cast<Uint128>(~Uint128{0}));
  CHECK(address("2001:DB8::00a") == address("2001:db8:0:0:0:0:0:a"));
  CHECK(address("1:2:3:4:5:6:7::") == address("1:2:3:4:5:6:7:0"));
  CHECK(address("::2:3:4:5:6:7:8") == address("0:2:3:4:5:6:7:8"));
  CHECK(address("64:ff9b::192.0.2.33") == address("64:ff9b::c000:221"));
  CHECK(address("1:2:3:4:5:6:1.2.3.4") == address("1:2:3:4:5:6:102:304"));
  CHECK(address("::ffff:10.0.0.1").family == Family::ipv6);
  for (const char* text : {":",
                           ":::",
                           "1:::2",
                           "1::2::3",
                           "1:2:3:4:5:6:7",
                           "1:2:3:4:5:6:7:8:9",
                           "1:2:3:4::5:6:7:8",
                           "::1:2:3:4:5:6:7:8",
                           "1:2:3:4:5:6:7:8::",
                           "12345::",
                           "g::",
                           "1:",
                           ":1",
                           ":1::",
                           "1::2:",
                           "1.2.3.4::",
                           "::1.2.3.4:5",
                           "1:2:3:4:5:6:7:1.2.3.4",
                           "::1.2.3",
                           "::01.2.3.4",
                           "::1 ",
                           "[::1]"}) {
    CHECK_FALSE_MESSAGE(Address::parse(text).has_value(), text);
  }
  CHECK(error("fe80::1%eth0").find("zone") != std::string::npos);
}

TEST_CASE("an IPv6 address is printed as RFC 5952 says") {
  CHECK(printed("0:0:0:0:0:0:0:0") == "::");
  CHECK(printed("2001:0DB8:0000:0000:0001:0000:0000:0001") == "2001:db8::1:0:0:1");
  CHECK(printed("2001:db8:0:1:1:1:1:1") == "2001:db8:0:1:1:1:1:1");
  CHECK(printed("2001:0:0:1:0:0:0:1") == "2001:0:0:1::1");
  CHECK(printed("1:2:3:4:5:6:0:0") == "1:2:3:4:5:6::");
  CHECK(printed("0:0:3:4:5:6:7:8") == "::3:4:5:6:7:8");
  CHECK(printed("::ffff:c000:201") == "::ffff:192.0.2.1");
  CHECK(printed("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff") == "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
}

TEST_CASE("what is printed of an address is read as the same address") {
  std::mt19937_64 random(20261122);
  for (int i = 0; i < 20000; ++i) {
    // Many groups of zero, so that every place of `::` comes about.
    const std::uint64_t pattern = random();
    Uint128 bits = 0;
    for (int group = 0; group < 8; ++group) {
      bits = bits << 16 | ((pattern >> group & 1) != 0 ? random() & 0xFFFF : 0);
    }
    const Address v6{Family::ipv6, bits};
    REQUIRE_MESSAGE(address(to_string(v6)) == v6, to_string(v6));
    const Address v4{Family::ipv4, static_cast<std::uint32_t>(random())};
    REQUIRE_MESSAGE(address(to_string(v4)) == v4, to_string(v4));
  }
}

TEST_CASE("a prefix covers its addresses, from no bits to all") {
  CHECK(range("0.0.0.0/0") == AddressRange{Family::ipv4, 0, 0xFFFFFFFF});
  CHECK(range("::/0") == AddressRange{Family::ipv6, 0, static_cast<Uint128>(~Uint128{0})});
  CHECK(range("10.0.0.0/8") == AddressRange{Family::ipv4, 0x0A000000, 0x0AFFFFFF});
  CHECK(range("192.0.2.1/32") == range("192.0.2.1"));
  CHECK(range("::1/128") == range("::1"));
  CHECK(range("8000::/1").first == Uint128{1} << 127);
  for (const char* text : {"10.0.0.0/33", "10.0.0.0/", "10.0.0.0/08", "10.0.0.0/-1", "10.0.0.0/8/8", "/8", "::/129",
                           "10.0.0.0/255.0.0.0", "10/8", "10.0.0.0 /8"}) {
    CHECK_FALSE_MESSAGE(AddressRange::parse(text).has_value(), text);
  }
  CHECK(error("10.0.0.0/33") == "`10.0.0.0/33` is not a prefix: after `/` stands a length from 0 to 32, not `33`");
}

TEST_CASE("a prefix with host bits is refused and the one meant is named") {
  CHECK(error("10.1.2.3/8") == "`10.1.2.3/8` has host bits set; the prefix meant may be `10.0.0.0/8`");
  CHECK(error("2001:db8::1/32") == "`2001:db8::1/32` has host bits set; the prefix meant may be `2001:db8::/32`");
  CHECK(prefix_with_host_bits("10.1.2.3/8") == Prefix{{Family::ipv4, 0x0A000000}, 8});
  CHECK(prefix_with_host_bits("255.255.255.255/0") == Prefix{{Family::ipv4, 0}, 0});
  CHECK(prefix_with_host_bits("ffff::1/0") == Prefix{{Family::ipv6, 0}, 0});
  for (const char* text : {"10.0.0.0/8", "10.1.2.3", "10.1.2.3/33", "x/8", "10.1.2.3-10.1.2.4"}) {
    CHECK_MESSAGE(prefix_with_host_bits(text) == std::nullopt, text);
  }
}

TEST_CASE("a range is ordered and of one family") {
  CHECK(range("10.0.0.1-10.0.0.9") == AddressRange{Family::ipv4, 0x0A000001, 0x0A000009});
  CHECK(range("::1-::ffff").last == 0xFFFF);
  CHECK(error("10.0.0.9-10.0.0.1") ==
        "`10.0.0.9-10.0.0.1` ends before it begins; the range meant may be `10.0.0.1-10.0.0.9`");
  CHECK(error("10.0.0.1-::1") == "`10.0.0.1-::1` mixes an IPv4 and an IPv6 address");
  CHECK(error("10.0.0.1 - 10.0.0.9").find("spaces") != std::string::npos);
  CHECK(error("10.0.0.1-9") != "accepted");
  CHECK(error("10.0.0.1-10.0.0.2-10.0.0.3") != "accepted");
}

TEST_CASE("a range is printed as address, prefix or range, whichever is shortest") {
  for (const char* text : {"10.0.0.1", "10.0.0.0/31", "10.0.0.1-10.0.0.2", "0.0.0.0/0", "::/0", "2001:db8::/32",
                           "2001:db8::1-2001:db8::2", "255.255.255.254/31", "0.0.0.0-255.255.255.254"}) {
    CHECK(printed(text) == text);
  }
  CHECK(printed("10.0.0.0-10.255.255.255") == "10.0.0.0/8");
  CHECK(printed("10.0.0.5-10.0.0.5") == "10.0.0.5");
}

TEST_CASE("exactly the aligned ranges of a power of two are prefixes") {
  for (unsigned first = 0; first < 32; ++first) {
    for (unsigned last = first; last < 32; ++last) {
      const unsigned size = last - first + 1;
      const bool expected = (size & (size - 1)) == 0 && first % size == 0;
      for (const Family family : families) {
        const std::optional<Prefix> prefix = as_prefix({family, first, last});
        REQUIRE(prefix.has_value() == expected);
        if (prefix) REQUIRE(range(to_string(*prefix)) == AddressRange{family, first, last});
      }
    }
  }
}

TEST_CASE("an address set keeps the families apart") {
  const AddressSet set = AddressSet::of({range("10.0.0.0/8"), range("2001:db8::/32"), range("11.0.0.0/8")});
  CHECK(set.ranges(Family::ipv4) == std::vector<AddressRange>{range("10.0.0.0/7")});
  CHECK(set.ranges(Family::ipv6) == std::vector<AddressRange>{range("2001:db8::/32")});
  CHECK(set.contains(address("11.255.255.255")));
  CHECK_FALSE(set.contains(address("::a00:1")));
  CHECK(subtract(set, AddressSet::of(range("::/0"))).empty(Family::ipv6));
  CHECK(intersect(set, AddressSet::of(range("10.1.0.0/16"))) == AddressSet::of(range("10.1.0.0/16")));
  CHECK(unite(AddressSet::of(range("0.0.0.0/0")), AddressSet::of(range("::/0"))) == AddressSet::all());
  CHECK(subtract(AddressSet::all(), AddressSet::of(range("255.255.255.255"))).ranges(Family::ipv4) ==
        std::vector<AddressRange>{range("0.0.0.0-255.255.255.254")});
}

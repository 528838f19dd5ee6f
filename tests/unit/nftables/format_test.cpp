#include "backends/nftables/format.h"

#include <doctest/doctest.h>

#include <random>

using namespace portpolicy;
using namespace portpolicy::nft;

namespace {

template <class Value>
std::string shown(void (*append)(std::string&, Value), Value value) {
  std::string text;
  append(text, value);
  return text;
}

template <class T>
std::string range(T first, T last) {
  std::string text;
  append_range(text, Interval<T>{first, last});
  return text;
}

Uint128 v6(std::string_view text) {
  return Address::parse(text).value().bits;
}

}  // namespace

TEST_CASE("addresses are written as nft reads them") {
  CHECK(shown(append_v4, std::uint32_t{0}) == "0.0.0.0");
  CHECK(shown(append_v4, ~std::uint32_t{0}) == "255.255.255.255");
  CHECK(shown(append_v4, std::uint32_t{0x0a0a6409}) == "10.10.100.9");
  for (const char* text : {"::", "::1", "1::", "2001:db8::1", "1:2:3:4:5:6:7:8", "1:0:2:3:4:5:6:7", "1:0:0:2::3",
                           "::2:0:0:3:4:5", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "fe80::", "a::b:0:0:1"}) {
    CHECK(shown(append_v6, v6(text)) == text);
  }
  CHECK(shown(append_v6, v6("::ffff:1.2.3.4")) == "::ffff:102:304");
}

TEST_CASE("a time has the units that it needs") {
  CHECK(shown(append_duration, std::uint64_t{0}) == "0s");
  CHECK(shown(append_duration, std::uint64_t{60}) == "1m");
  CHECK(shown(append_duration, std::uint64_t{90061}) == "1d1h1m1s");
  CHECK(shown(append_duration, std::uint64_t{8'640'000'005}) == "100000d5s");
}

TEST_CASE("a range is an address, a prefix or two addresses") {
  CHECK(range<std::uint32_t>(5, 5) == "0.0.0.5");
  CHECK(range<std::uint32_t>(0, ~0u) == "0.0.0.0/0");
  CHECK(range<std::uint32_t>(0x80000000, ~0u) == "128.0.0.0/1");
  CHECK(range<std::uint32_t>(4, 5) == "0.0.0.4/31");
  CHECK(range<std::uint32_t>(5, 6) == "0.0.0.5-0.0.0.6");
  CHECK(range<std::uint32_t>(4, 6) == "0.0.0.4-0.0.0.6");
  CHECK(range<Uint128>(0, ~Uint128{0}) == "::/0");
  CHECK(range<Uint128>(v6("fd00::"), v6("fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")) == "fd00::/8");
  CHECK(range<Uint128>(v6("fd00::1"), v6("fd00::3")) == "fd00::1-fd00::3");
}

TEST_CASE("what is written for a random range reads back as that range") {
  std::mt19937_64 random(7);
  for (int i = 0; i < 20'000; ++i) {
    const int bits = static_cast<int>(random() % 129);
    const Uint128 span = bits == 128 ? ~Uint128{0} : (Uint128{1} << bits) - 1;
    Uint128 first = (Uint128{random()} << 64 | random()) & (Uint128{random()} << 64 | random());
    if (random() % 2 == 0) first &= ~span;
    const Uint128 last = ~Uint128{0} - first < span ? ~Uint128{0} : first + span;
    CHECK(AddressRange::parse(range(first, last)).value() == AddressRange{Family::ipv6, first, last});
    const auto low = static_cast<std::uint32_t>(first);
    const auto high = std::max(low, static_cast<std::uint32_t>(last));
    CHECK(AddressRange::parse(range(low, high)).value() == AddressRange{Family::ipv4, low, high});
  }
}

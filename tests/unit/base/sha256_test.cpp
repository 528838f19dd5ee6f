#include "compiler/base/sha256.h"

#include <doctest/doctest.h>

using namespace portpolicy;

TEST_CASE("a SHA-256 digest is that of FIPS 180-4, however the bytes come") {
  // The standard's own example of 56 bytes.
  Sha256 whole, parts;
  whole.add("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq");
  parts.add("abcdbcdecdefdefgefghfghi");
  parts.add("");
  parts.add("ghijhijkijkljklmklmnlmnomnopnopq");
  const std::string expected = "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1";
  CHECK(whole.hex() == expected);
  CHECK(parts.hex() == expected);
}

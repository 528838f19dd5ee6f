#include "cli/file_system_reader.h"
#include "tests/support/scratch_folder.h"

#include <doctest/doctest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

using namespace portpolicy;
namespace fs = std::filesystem;
using Refusal = FileReader::Refusal;

namespace {

constexpr std::size_t plenty = 1 << 20;

/// A folder of its own with `root/` inside, gone at the end.
class Folder {
 public:
  std::string operator/(const std::string& name) const { return (path_ / name).string(); }
  std::string write(const std::string& name, const std::string& text) const {
    fs::create_directories((path_ / name).parent_path());
    std::ofstream(path_ / name) << text;
    return *this / name;
  }
  cli::FileSystemReader reader(std::optional<std::string> root = {}) const {
    return cli::FileSystemReader({.root = std::move(root), .library = *this / "library"});
  }

 private:
  test::ScratchFolder scratch_;
  fs::path path_ = scratch_.path();
};

std::optional<Refusal> refusal(const std::expected<FileReader::File, FileReader::Failure>& file) {
  return file ? std::nullopt : std::optional(file.error().refusal);
}

}  // namespace

TEST_SUITE("file system reader") {
  TEST_CASE("the top file is called as it was given, and what it names is joined to its folder") {
    const Folder folder;
    const std::string path = folder.write("a/policy.yaml", "top");
    folder.write("a/team/web.yaml", "web");
    folder.write("a/team/list.txt", "list");
    auto reader = folder.reader();
    const auto top = reader.read_top(path, plenty);
    REQUIRE(top);
    CHECK(top->path == path);
    CHECK(top->text == "top");
    const auto web = reader.read_relative(*top, "./team/web.yaml", plenty);
    REQUIRE(web);
    CHECK(web->path == folder / "a/team/web.yaml");
    const auto list = reader.read_relative(*web, "list.txt", plenty);
    REQUIRE(list);
    CHECK(list->text == "list");
  }

  TEST_CASE("without a work tree the root is the folder of the policy") {
    const Folder folder;
    folder.write("outside.yaml", "x");
    auto reader = folder.reader();
    const auto top = reader.read_top(folder.write("a/policy.yaml", "top"), plenty);
    REQUIRE(top);
    CHECK(refusal(reader.read_relative(*top, "../outside.yaml", plenty)) == Refusal::outside_root);
  }

  TEST_CASE("a git work tree around the policy is the root, whether .git is a folder or a file") {
    for (const char* mark : {".git/HEAD", ".git"}) {
      const Folder folder;
      folder.write("shared.yaml", "x");
      folder.write(mark, "y");
      auto reader = folder.reader();
      const auto top = reader.read_top(folder.write("a/b/policy.yaml", "top"), plenty);
      REQUIRE(top);
      const auto shared = reader.read_relative(*top, "../../shared.yaml", plenty);
      REQUIRE(shared);
      CHECK(shared->path == folder / "shared.yaml");
      CHECK(refusal(reader.read_relative(*top, "../../../x", plenty)) == Refusal::outside_root);
    }
  }

  TEST_CASE("a root that is given wins, and a policy outside of it is refused") {
    const Folder folder;
    folder.write("shared.yaml", "x");
    const std::string policy = folder.write("a/policy.yaml", "top");
    auto wide = folder.reader(folder / "");
    const auto top = wide.read_top(policy, plenty);
    REQUIRE(top);
    CHECK(wide.read_relative(*top, "../shared.yaml", plenty));
    folder.write("b/other.yaml", "x");
    auto narrow = folder.reader(folder / "b");
    CHECK(refusal(narrow.read_top(policy, plenty)) == Refusal::outside_root);
  }

  TEST_CASE("a link is followed inside the root and refused when it leads out") {
    const Folder folder;
    folder.write("secret", "x");
    folder.write("a/real.yaml", "real");
    fs::create_symlink("real.yaml", folder / "a/link.yaml");
    fs::create_symlink("../secret", folder / "a/out.yaml");
    fs::create_symlink(folder / "", folder / "a/up");
    auto reader = folder.reader();
    const auto top = reader.read_top(folder.write("a/policy.yaml", "top"), plenty);
    REQUIRE(top);
    const auto link = reader.read_relative(*top, "link.yaml", plenty);
    const auto real = reader.read_relative(*top, "real.yaml", plenty);
    REQUIRE(link);
    REQUIRE(real);
    CHECK(link->identity == real->identity);
    CHECK(refusal(reader.read_relative(*top, "out.yaml", plenty)) == Refusal::outside_root);
    CHECK(refusal(reader.read_relative(*top, "up/secret", plenty)) == Refusal::outside_root);
  }

  TEST_CASE("whether a file outside the root exists is not told") {
    const Folder folder;
    auto reader = folder.reader();
    const auto top = reader.read_top(folder.write("a/policy.yaml", "top"), plenty);
    REQUIRE(top);
    CHECK(refusal(reader.read_relative(*top, "../nothing", plenty)) == Refusal::outside_root);
    CHECK(refusal(reader.read_relative(*top, "nothing", plenty)) == Refusal::missing);
  }

  TEST_CASE("only regular files are read, and a pipe without a writer does not block") {
    const Folder folder;
    const std::string policy = folder.write("policy.yaml", "top");
    REQUIRE(mkfifo((folder / "pipe").c_str(), 0600) == 0);
    fs::create_directory(folder / "folder");
    auto reader = folder.reader();
    CHECK(refusal(reader.read_top(folder / "folder", plenty)) == Refusal::unsafe);
    CHECK(refusal(reader.read_top(folder / "pipe", plenty)) == Refusal::unsafe);
    const auto top = reader.read_top(policy, plenty);
    REQUIRE(top);
    CHECK(refusal(reader.read_relative(*top, "pipe", plenty)) == Refusal::unsafe);
    CHECK(refusal(reader.read_relative(*top, "folder", plenty)) == Refusal::unsafe);
    CHECK(refusal(folder.reader("/").read_top("/dev/null", plenty)) == Refusal::unsafe);
  }

  TEST_CASE("a file of just the limit is read, one byte more is too large") {
    const Folder folder;
    auto reader = folder.reader();
    const std::string path = folder.write("policy.yaml", std::string(1000, 'x'));
    CHECK(reader.read_top(path, 1000)->text.size() == 1000);
    CHECK(refusal(reader.read_top(path, 999)) == Refusal::too_large);
  }

  TEST_CASE("absolute, empty and broken paths are refused") {
    const Folder folder;
    auto reader = folder.reader();
    const auto top = reader.read_top(folder.write("policy.yaml", "top"), plenty);
    REQUIRE(top);
    CHECK(refusal(reader.read_relative(*top, folder / "policy.yaml", plenty)) == Refusal::outside_root);
    CHECK(refusal(reader.read_relative(*top, "", plenty)) == Refusal::missing);
    CHECK(refusal(reader.read_relative(*top, std::string_view("policy.yaml\0x", 13), plenty)) == Refusal::missing);
    CHECK(refusal(reader.read_top("", plenty)) == Refusal::missing);
    CHECK(refusal(reader.read_top(folder / "no/policy.yaml", plenty)) == Refusal::missing);
  }

  TEST_CASE("the library is a root of its own") {
    const Folder folder;
    folder.write("library/baseline/server.yaml", "server");
    folder.write("library/baseline/part.yaml", "part");
    folder.write("secret.yaml", "x");
    auto reader = folder.reader();
    REQUIRE(reader.read_top(folder.write("a/policy.yaml", "top"), plenty));
    const auto server = reader.read_library("baseline/server", plenty);
    REQUIRE(server);
    CHECK(server->path == "<baseline/server>");
    CHECK(server->text == "server");
    const auto part = reader.read_relative(*server, "part.yaml", plenty);
    REQUIRE(part);
    CHECK(part->path == "<baseline/part>");
    CHECK(refusal(reader.read_library("baseline/sever", plenty)) == Refusal::missing);
    CHECK(refusal(reader.read_library("../secret", plenty)) == Refusal::outside_root);
    CHECK(refusal(reader.read_library("/etc/passwd", plenty)) == Refusal::outside_root);
    CHECK(refusal(reader.read_relative(*server, "../../secret.yaml", plenty)) == Refusal::outside_root);
  }
}

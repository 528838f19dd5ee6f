#include "cli/output_file.h"
#include "tests/support/scratch_folder.h"

#include <doctest/doctest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>

using namespace portpolicy;
namespace fs = std::filesystem;

namespace {

class Folder {
 public:
  std::string operator/(const char* name) const { return (path_ / name).string(); }
  auto count() const { return std::distance(fs::directory_iterator(path_), fs::directory_iterator()); }

 private:
  test::ScratchFolder scratch_;
  fs::path path_ = scratch_.path();
};

std::string contents(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

mode_t mode(const std::string& path) {
  struct stat status {};
  REQUIRE(stat(path.c_str(), &status) == 0);
  return status.st_mode & 07777;
}

}  // namespace

TEST_SUITE("output file") {
  TEST_CASE("a new file holds the text, may be read as the umask says, and nothing else is left") {
    const Folder folder;
    const mode_t before = umask(027);
    REQUIRE(cli::write_file(folder / "rules.nft", "text\n"));
    umask(before);
    CHECK(contents(folder / "rules.nft") == "text\n");
    CHECK(mode(folder / "rules.nft") == 0640);
    CHECK(folder.count() == 1);
  }

  TEST_CASE("an old file is replaced and keeps its mode") {
    const Folder folder;
    std::ofstream(folder / "rules.nft") << "a longer text than the new one";
    chmod((folder / "rules.nft").c_str(), 0600);
    REQUIRE(cli::write_file(folder / "rules.nft", "new"));
    CHECK(contents(folder / "rules.nft") == "new");
    CHECK(mode(folder / "rules.nft") == 0600);
    CHECK(folder.count() == 1);
  }

  TEST_CASE("a link stays a link and the file behind it is replaced") {
    const Folder folder;
    std::ofstream(folder / "real") << "old";
    fs::create_symlink("real", folder / "link");
    REQUIRE(cli::write_file(folder / "link", "new"));
    CHECK(fs::is_symlink(folder / "link"));
    CHECK(contents(folder / "real") == "new");
  }

  TEST_CASE("a file that may only be new never takes the place of anything") {
    const Folder folder;
    CHECK(cli::write_new_file(folder / "policy.yaml", "first") == true);
    CHECK(cli::write_new_file(folder / "policy.yaml", "second") == false);
    CHECK(contents(folder / "policy.yaml") == "first");
    fs::create_symlink("nowhere", folder / "link");
    CHECK(cli::write_new_file(folder / "link", "x") == false);
    CHECK_FALSE(fs::exists(folder / "nowhere"));
    fs::create_directory(folder / "folder");
    CHECK(cli::write_new_file(folder / "folder", "x") == false);
    CHECK(cli::write_new_file(folder / "no/policy.yaml", "x").error().message == "No such file or directory");
    CHECK(folder.count() == 3);
  }

  TEST_CASE("folders, pipes and devices are not replaced") {
    const Folder folder;
    REQUIRE(mkfifo((folder / "pipe").c_str(), 0600) == 0);
    CHECK(cli::write_file(folder / "", "x").error().message == "it is a folder");
    CHECK(cli::write_file(folder / "pipe", "x").error().message == "it is not a regular file");
    CHECK(cli::write_file("/dev/null", "x").error().message == "it is not a regular file");
    CHECK(folder.count() == 1);
  }

  TEST_CASE("a folder that does not exist is an error with the system's words") {
    const Folder folder;
    CHECK(cli::write_file(folder / "no/rules.nft", "x").error().message == "No such file or directory");
    CHECK(folder.count() == 0);
  }
}

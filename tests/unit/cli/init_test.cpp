#include "cli/init.h"

#include <doctest/doctest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

#include "cli/exit_code.h"
#include "cli/program.h"
#include "tests/support/scratch_folder.h"

using namespace portpolicy;
namespace fs = std::filesystem;

namespace {

struct Ended {
  int code;
  std::string out, err;
};

/// Two roles and a place to write to.
class Installation {
 public:
  Installation() {
    fs::create_directory(path_ / "starters");
    std::ofstream(path_ / "starters/web.yaml") << "# A web server: http for all.\nportpolicy: 1\n";
    std::ofstream(path_ / "starters/dns.yaml") << "# A name server.\nportpolicy: 1\n";
    std::ofstream(path_ / "starters/README") << "no role\n";
  }

  Ended init(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), "init");
    std::istringstream in;
    std::ostringstream out, err;
    cli::Io io{.in = in,
               .out = out,
               .err = err,
               .library = "/nonexistent",
               .today = {},
               .starters = (path_ / "starters").string()};
    const int code = cli::run(std::move(arguments), io);
    return {code, out.str(), err.str()};
  }
  std::string operator/(const char* name) const { return (path_ / name).string(); }

 private:
  test::ScratchFolder scratch_;
  fs::path path_ = scratch_.path();
};

std::string contents(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

constexpr const char* web = "# A web server: http for all.\nportpolicy: 1\n";
constexpr const char* roles = "dns  A name server\nweb  A web server: http for all\n";

}  // namespace

TEST_SUITE("init") {
  TEST_CASE("the policy of a role is written, and what comes next is said") {
    const Installation host;
    const Ended ended = host.init({"web", "-o", host / "policy.yaml"});
    CHECK(ended.code == cli::exit_done);
    CHECK(ended.out.empty());
    CHECK(ended.err.find("portpolicy check " + (host / "policy.yaml")) != std::string::npos);
    CHECK(contents(host / "policy.yaml") == web);
  }

  TEST_CASE("without -o it is policy.yaml in the current folder") {
    const Installation host;
    const fs::path before = fs::current_path();
    fs::current_path(host / "");
    const Ended ended = host.init({"dns"});
    fs::current_path(before);
    CHECK(ended.code == cli::exit_done);
    CHECK(fs::exists(host / "policy.yaml"));
  }

  TEST_CASE("a file that exists is replaced only by force") {
    const Installation host;
    std::ofstream(host / "policy.yaml") << "mine\n";
    const Ended refused = host.init({"web", "-o", host / "policy.yaml"});
    CHECK(refused.code == cli::exit_file);
    CHECK(refused.err == "portpolicy: cannot write `" + (host / "policy.yaml") +
                             "`: it exists already; name another file with -o, or give --force to replace it\n");
    CHECK(contents(host / "policy.yaml") == "mine\n");
    CHECK(host.init({"web", "-o", host / "policy.yaml", "--force"}).code == cli::exit_done);
    CHECK(contents(host / "policy.yaml") == web);
  }

  TEST_CASE("- is standard output, and then there is nothing else to say") {
    const Installation host;
    const Ended ended = host.init({"web", "-o", "-"});
    CHECK(ended.code == cli::exit_done);
    CHECK(ended.out == web);
    CHECK(ended.err.empty());
  }

  TEST_CASE("the roles are listed: asked for as a result, without a role as a message") {
    const Installation host;
    const Ended asked = host.init({"--list"});
    CHECK(asked.code == cli::exit_done);
    CHECK(asked.out == roles);
    const Ended missing = host.init({});
    CHECK(missing.code == cli::exit_usage);
    CHECK(missing.out.empty());
    CHECK(missing.err.ends_with(roles));
  }

  TEST_CASE("an unknown role is wrong usage, with what may be meant") {
    const Installation host;
    CHECK(host.init({"wbe"}).err.starts_with("portpolicy init: there is no role `wbe`; did you mean `web`?\n"));
    for (const char* role : {"toaster", "README", "../starters/web", "web.yaml", ""}) {
      CAPTURE(role);
      CHECK(host.init({role, "-o", host / "policy.yaml"}).code == cli::exit_usage);
      CHECK_FALSE(fs::exists(host / "policy.yaml"));
    }
  }

  TEST_CASE("a folder that cannot be written to, or without starters, is named") {
    const Installation host;
    CHECK(host.init({"web", "-o", host / "no/policy.yaml"}).code == cli::exit_file);
    fs::remove_all(host / "starters");
    const Ended ended = host.init({"web"});
    CHECK(ended.code == cli::exit_file);
    CHECK(ended.err == "portpolicy: cannot read `" + (host / "starters") + "`: No such file or directory\n");
  }
}

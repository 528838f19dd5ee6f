#include "cli/schema.h"

#include <CLI/App.hpp>

#include "cli/exit_code.h"
#include "compiler/syntax/schema.h"

namespace portpolicy::cli::schema {

void add(CLI::App& program) {
  CLI::App* command = program.add_subcommand("schema", "Print the JSON Schema of the policy language, for editors");
  command->footer(
      "A policy names it in its first line: # yaml-language-server: $schema=portpolicy.schema.json\n"
      "\n"
      "Examples:\n"
      "  portpolicy schema > portpolicy.schema.json\n"
      "\n"
      "Exit codes: 0 done; 2 wrong usage; 3 the output cannot be written");
}

int run(Io& io) {
  io.out << syntax::json_schema();
  return exit_done;
}

}  // namespace portpolicy::cli::schema

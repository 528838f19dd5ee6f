// Turns the data of policies/registry into constant tables: `generate_registry INPUT_DIR OUTPUT.cpp`.

#include <fstream>
#include <iostream>

#include "compiler/registry/generate/data.h"

int main(int count, char** arguments) {
  using namespace portpolicy;
  if (count != 3) {
    std::cerr << "usage: generate_registry INPUT_DIR OUTPUT.cpp\n";
    return 2;
  }
  const Result<registry::generate::Data> data = registry::generate::read(arguments[1]);
  if (!data) {
    std::cerr << data.error().message << "\n";
    return 1;
  }
  std::ofstream output(arguments[2], std::ios::binary);
  output << registry::generate::print(*data);
  output.close();
  if (!output) {
    std::cerr << arguments[2] << ": cannot be written\n";
    return 3;
  }
  return 0;
}

#pragma once

/// What headers say of the library of command lines (CLI11). Its own header takes as long to compile as most of our files;
/// who uses more than the names includes it.
namespace CLI {
class App;
class Option;
}  // namespace CLI

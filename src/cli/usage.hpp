#pragma once

#include <string>

namespace CLI {
class App;
class ExtrasError;
class Option;
class ParseError;
class RequiredError;
}  // namespace CLI

/// What CLI11 lets pass of a command line, and what it says too little about.
namespace mapnet {

/// Of whole numbers CLI11 takes 010 for 8, 0x10 for 16, 2^64 for 2^64 - 1, and of an unsigned
/// option -1 too: from here on they are refused, from the command line and from a --config file, so
/// that no run has another seed than its name. Call when all commands are there.
void refuse_misread_numbers(CLI::App& app);

/// What the option's values have to be, as "a whole number", where they could not be understood.
std::string expected_value(const CLI::Option& option);

/// The command's flag that is most like `flag`, both with their dashes; empty where none is.
std::string likely_flag(const CLI::App& command, const std::string& flag);

/// What is wrong with a flag that is known: a value of another kind, none, or more than one. Of
/// anything else what CLI11 says.
std::string what_is_wrong(const CLI::App& app, const CLI::ParseError& error);

/// What is required and not there. Of an unknown command CLI11 says only that one is missing.
std::string what_is_missing(const CLI::App& app, const CLI::RequiredError& error);

/// The first word that nothing takes, and the flag that was probably meant. CLI11 lists all of
/// them, the last one first.
std::string what_is_unknown(const CLI::App& app, const CLI::ExtrasError& error);

}  // namespace mapnet

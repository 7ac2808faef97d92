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

/// Of an unsigned option CLI11 takes -1 for 2^64 - 1: from here on it is refused, from the command
/// line and from a --config file. Call when all commands are there.
void refuse_negative_counts(CLI::App& app);

/// What a value of the option has to be, as "a whole number".
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

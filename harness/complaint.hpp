#pragma once

#include <string>

#include "harness/process.hpp"

/// What a `mapnet` that failed says was wrong.
namespace mapnet {

/// "ended with exit code 3"; "ended by signal 9" of 128 and more.
std::string how_it_ended(int code);

/// The last line of `text` that `mapnet` begins with its name, without it; of a list of several
/// complaints the first, too. Empty where there is no such line.
std::string last_complaint(const std::string& text);

/// That of a program's errors, else their first line; where there are none, that `program` ended,
/// and how.
std::string complaint_of(const ProgramOutput& output, const std::string& program);

/// Why a training failed whose output is in this file: what a signal ended had no last word.
std::string why_it_failed(const std::filesystem::path& output, int code);

}  // namespace mapnet

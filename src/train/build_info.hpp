#pragma once

#include <string>

namespace mapnet {

/// What this mapnet is and was made with, a line each: version and commit, compilers, backends.
///
///     mapnet 0.1.0 (1a2b3c4d5e6f)
///     compilers: GCC 12.2.0; nvcc 13.0.88
///     cpu: oneDNN 2.7.3, OpenBLAS 0.3.21
///     cuda: toolkit 13.0.88, cuDNN 9.13.0, for 75-real 80-real 120
std::string build_info();

/// "0.1.0 (1a2b3c4d5e6f)": the version and the commit of the build; "-dirty" behind it where there
/// were changes that are not in it, "unknown" where there was no git.
std::string version_string();

/// What one program has and no other: the build, and where its commit does not tell what it was
/// made from, the SHA-256 of its file. What another program left behind may not be what this one
/// would make.
std::string program_identity();

}  // namespace mapnet

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

}  // namespace mapnet

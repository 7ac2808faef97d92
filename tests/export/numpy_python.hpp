#pragma once

#include <cstdlib>
#include <string>

#include "export/onnxruntime_python.hpp"

namespace mapnet::test {

/// A Python that has NumPy: that of ONNX Runtime, else the one on the PATH; empty where there is
/// none.
inline std::string numpy_python() {
  for (const std::string& python : {onnxruntime_python(), std::string("python3")})
    if (!python.empty() &&
        std::system((python + " -c 'import numpy' > /dev/null 2>&1").c_str()) == 0)
      return python;
  return {};
}

}  // namespace mapnet::test

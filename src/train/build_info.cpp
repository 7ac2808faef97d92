#include "train/build_info.hpp"

#include <fmt/core.h>

#include "device/device.hpp"
#include "train/run_result.hpp"
#include "version.hpp"

namespace mapnet {

std::string build_info() {
  const std::string cpu = cpu_libraries();
  return fmt::format("mapnet {}\ncompilers: {}\ncpu: {}\ncuda: {}", version_string(), kCompilers,
                     cpu.empty() ? "not built" : cpu, kCudaLibraries);
}

}  // namespace mapnet

#pragma once

#include "device/device.hpp"

namespace mapnet::cpu {

/// Fused multiply-adds from registers, and a copy beyond any cache, by all threads.
Peak measure_machine_peak(int n_threads);

}  // namespace mapnet::cpu

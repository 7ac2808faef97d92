#pragma once

namespace mapnet::cpu {

/// What this machine can do at most, measured now: the ceilings a benchmark is read against.
struct MachinePeak {
  double gflops = 0;         ///< float32 fused multiply-adds from registers, all threads
  double copy_gb_per_s = 0;  ///< bytes read plus bytes written by a large copy, all threads
};

/// Takes about a second.
MachinePeak measure_machine_peak(int n_threads);

}  // namespace mapnet::cpu

#pragma once

namespace emulation {

/// From now on a SIGSEGV says, before it does what it always did, whether a kernel or the host was
/// at work and where in device memory.
void report_faults();

}  // namespace emulation

#pragma once

/// Stands in for CUDA's header of this name, so that .cu files compiled as C++ run on the CPU.
#include "emulation/emulation.hpp"
#include "emulation/kernel.hpp"
#include "emulation/runtime_api.hpp"
#include "emulation/types.hpp"

#pragma once

#include "common/chosen_device.hpp"
#include "train/model.hpp"

namespace mapnet::test {

/// The device that tests are run on, for what opens a trained model.
inline DeviceChoice here() { return {testing_cuda() ? "cuda" : "cpu", 0}; }

}  // namespace mapnet::test

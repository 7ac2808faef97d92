#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "export/trained_network.hpp"

namespace mapnet {

/// A network in int8 as a C header, for examples/microcontroller/int8_network.c to run.
struct CHeader {
  std::string text;
  std::size_t flash_bytes = 0;    ///< of its constants
  std::size_t scratch_bytes = 0;  ///< RAM it is run in, beside the pixels and the logits
};

/// Throws Error where the network is anything but a chain of convolutions, with ReLU and
/// max-pooling joined to them, and fully connected layers over 8-bit images.
void check_c_form(const TrainedNetwork& network);

/// `ranges`: what enters each weighted layer (Session::calibrate). Throws Error as check_c_form
/// does.
CHeader c_header(const TrainedNetwork& network, std::span<const float> ranges);

}  // namespace mapnet

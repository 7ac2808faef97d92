#pragma once

#include <string>

#include "data/dataset.hpp"

namespace mapnet {

/// What a data set's training samples are, whatever files they come from: the SHA-256 of the
/// SHA-256s of stretches of them (of 1,024 samples each; of features of all values and of all
/// labels; of a series that of its values alone), as 64 hex digits. Reads them once. Throws Error
/// as reading does.
std::string training_samples_sha256(const Dataset& dataset);

}  // namespace mapnet

#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

#include "data/image.hpp"
#include "nets/network.hpp"

/// What a network says of single pictures.
namespace mapnet {

/// A class and how likely it is, or what share of a picture is of it.
struct ClassShare {
  std::size_t index = 0;
  double share = 0;
};

/// The picture as a network takes it: grey or red, green and blue, resized to the network's height
/// and width whatever its own shape (resize_smooth), in planes [C, H, W]. Throws Error naming the
/// file as read_image does; UsageError for a network of other channels.
std::vector<std::uint8_t> read_network_input(const std::filesystem::path& file, const Network& net);

/// Softmax of the logits, best first; of equal ones the lower class first.
std::vector<ClassShare> probabilities(std::span<const float> logits);

/// The class of the largest logit at each pixel, of logits [K, H, W].
Image label_map(std::span<const float> logits, const Network& net);

/// What share of a label map is of each class that occurs, the largest first.
std::vector<ClassShare> class_shares(const Image& labels);

}  // namespace mapnet

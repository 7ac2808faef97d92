#pragma once

#include "data/image.hpp"

namespace mapnet {

/// For pictures. Along an axis that shrinks, an output pixel is the mean of the stretch of input
/// that it covers, parts of pixels counted in part; along one that grows it is interpolated
/// linearly between the centres of input pixels, the outermost continued. Rounded to nearest.
Image resize_smooth(const Image& image, ImageSize size);

/// For class ids: the input pixel that holds the centre of the output pixel.
Image resize_nearest(const Image& image, ImageSize size);

}  // namespace mapnet

// The one place that holds stb_image's code. Files are read by us, so it gets memory only; and of
// its formats, those that data sets come in.
#define STB_IMAGE_IMPLEMENTATION
#include "data/stb_image.hpp"

#include "device/ops/concat.hpp"

#include "common/error.hpp"

namespace mapnet {

Tensor concat_shape(const std::string& name, const std::vector<Tensor>& parts) {
  if (parts.empty()) fail("{}: nothing to concatenate", name);
  Tensor whole = parts.front();
  whole.buffer = kNoBuffer;
  whole.offset = 0;
  whole.c = 0;
  for (const Tensor& part : parts) {
    if (part.n != whole.n || part.h != whole.h || part.w != whole.w ||
        part.channel_block != whole.channel_block)
      fail(
          "{}: cannot concatenate {} images of {}x{} in blocks of {} channels and {} of {}x{} in "
          "blocks of {}",
          name, whole.n, whole.h, whole.w, whole.channel_block, part.n, part.h, part.w,
          part.channel_block);
    if (whole.c % whole.channel_block != 0)
      fail("{}: a part ends with channel {}, within a block of {}", name, whole.c,
           whole.channel_block);
    whole.c += part.c;
  }
  return whole;
}

std::vector<Tensor> concat_gradients(Schedule& schedule, const std::string& name, const Tensor& dy,
                                     const std::vector<Tensor>& parts,
                                     const std::vector<bool>& needed) {
  const Tensor whole = concat_shape(name, parts);
  if (whole.n != dy.n || whole.c != dy.c || whole.h != dy.h || whole.w != dy.w ||
      whole.channel_block != dy.channel_block || needed.size() != parts.size())
    fail("{}: {} parts of {} channels do not make a gradient of {}", name, parts.size(), whole.c,
         dy.c);
  std::vector<Tensor> gradients = parts;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    gradients[i].offset = 0;
    gradients[i].buffer =
        needed[i] ? schedule.buffer(name + ".dx" + std::to_string(i), "gradients", parts[i].bytes())
                  : kNoBuffer;
  }
  return gradients;
}

Step concat_step(const std::string& name, const Tensor& whole, const std::vector<Tensor>& parts,
                 bool into_whole) {
  Step step;
  step.name = name;
  auto& of_parts = into_whole ? step.reads : step.writes;
  for (const Tensor& part : parts)
    if (part.buffer != kNoBuffer) {
      of_parts.push_back(part.buffer);
      step.bytes += 2.0 * static_cast<double>(part.bytes());
    }
  (into_whole ? step.writes : step.reads) = {whole.buffer};
  return step;
}

std::vector<ConcatCopy> concat_copies(const Memory& memory, const Tensor& whole,
                                      const std::vector<Tensor>& parts) {
  const auto image_floats = [](const Tensor& x) {
    return x.padded_size() / static_cast<std::size_t>(x.n);
  };
  std::vector<ConcatCopy> copies;
  float* at = memory.at<float>(whole.buffer) + whole.offset;
  for (const Tensor& part : parts) {
    if (part.buffer != kNoBuffer)
      copies.push_back({memory.at<float>(part.buffer) + part.offset, at, image_floats(part),
                        image_floats(whole)});
    at += image_floats(part);
  }
  return copies;
}

}  // namespace mapnet

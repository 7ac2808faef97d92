#include "train/sample_feed.hpp"

#include "device/ops/gather.hpp"
#include "device/ops/gather_floats.hpp"
#include "device/ops/step_control.hpp"

namespace mapnet {

namespace {

std::size_t input_size(const Network& net) {
  return static_cast<std::size_t>(net.channels) * static_cast<std::size_t>(net.height) *
         static_cast<std::size_t>(net.width);
}

std::size_t target_bytes(Task task, const Tensor& x) {
  const auto n = static_cast<std::size_t>(x.n);
  switch (task) {
    case Task::classify:
      return n * sizeof(std::int32_t);
    case Task::segment:
      return n * static_cast<std::size_t>(x.h) * static_cast<std::size_t>(x.w);
    case Task::forecast:
      break;
  }
  return n * sizeof(float);
}

}  // namespace

void SampleFeed::add_buffers(Schedule& schedule, const Network& net, const SampleFormat& format,
                             std::size_t samples) {
  format_ = format;
  n = samples;
  if (!format.floats) sample_bytes = input_size(net);
  values = schedule.persistent_buffer(
      format.floats ? "values" : "images", "data",
      format.floats ? format.n_values * sizeof(float) : n * input_size(net));
  if (format.labels > 0) labels = schedule.persistent_buffer("labels", "data", n * format.labels);
  order = schedule.persistent_buffer("order", "data", n * sizeof(std::uint32_t));
}

SampleFeed::Batch SampleFeed::gather(Schedule& schedule, const std::string& name,
                                     const Network& net, int batch, BufferId control,
                                     const AugmentDesc& augment) const {
  Batch b;
  b.x.n = batch;
  b.x.c = net.channels;
  b.x.h = net.height;
  b.x.w = net.width;
  b.x.buffer = schedule.buffer(name + ".x", "activations", b.x.bytes());
  b.targets = schedule.buffer(name + (labels == kNoBuffer ? ".targets" : ".labels"), "activations",
                              target_bytes(net.task, b.x));
  if (format_.floats) {
    // Windows of a series overlap: the next one begins a row of features later. Rows of a table do
    // not. What a window is to forecast is the first feature of the row behind it.
    const bool series = labels == kNoBuffer;
    const FloatBuffers set = {values, order, labels,
                              series ? static_cast<std::size_t>(net.height) : input_size(net),
                              series ? input_size(net) : 0};
    gather_floats(schedule, name + ".gather", set, control, b.x, b.targets);
  } else {
    const ImageBuffers set = {values, labels, order, format_.labels, format_.ignore};
    gather_batch(schedule, name + ".gather", set, control, b.x, b.targets, augment);
  }
  return b;
}

}  // namespace mapnet

#include "device/cuda/convolution.hpp"

#include <algorithm>
#include <vector>

#include "common/error.hpp"
#include "device/cuda/check.hpp"
#include "device/host_device.hpp"
#include "library.hpp"

/// Convolutions in plain loops, sums in double. Images are kept padded and both images and outputs
/// in rows of one length, so that a kernel's tap is one shift of a whole plane: the inner loops run
/// over planes, whatever their width. With a stride the outputs lie as far apart as the pixels they
/// belong to.
namespace mapnet::cuda {

Cudnn::Cudnn(cudaStream_t stream) : handle_(stream) {}
Cudnn::~Cudnn() = default;

namespace {

constexpr std::size_t kWorkspaceAlignment = 256, kTensorAlignment = 16;

std::size_t size(int n) { return static_cast<std::size_t>(n); }

MAPNET_CPU_LEVELS void add_scaled(double* to, const double* from, double factor, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) to[i] += factor * from[i];
}

/// Eight running sums, so that the loop can be vectorised.
MAPNET_CPU_LEVELS double dot(const double* a, const double* b, std::size_t n) {
  double lanes[8] = {};
  std::size_t i = 0;
  for (; i + 8 <= n; i += 8)
    for (std::size_t l = 0; l < 8; ++l) lanes[l] += a[i + l] * b[i + l];
  for (std::size_t l = 0; i < n; ++i, ++l) lanes[l] += a[i] * b[i];
  return ((lanes[0] + lanes[4]) + (lanes[1] + lanes[5])) +
         ((lanes[2] + lanes[6]) + (lanes[3] + lanes[7]));
}

/// Planes of one image, or of its output, in rows of `row` values: `height` by `width` of them are
/// the tensor's, beginning at `border` and `step` apart; the others are 0.
struct Planes {
  std::size_t count, height, width, border, step, row, length;
  std::vector<double> values = std::vector<double>(count * length);

  double* plane(std::size_t i) { return values.data() + i * length; }
  std::size_t place(std::size_t y, std::size_t x) const {
    return (y * step + border) * row + x * step + border;
  }
  void clear() { std::fill(values.begin(), values.end(), 0.0); }

  void load(const float* from, int bits) {
    for (std::size_t i = 0; i < count; ++i)
      for (std::size_t y = 0; y < height; ++y)
        for (std::size_t x = 0; x < width; ++x) plane(i)[place(y, x)] = factor(*from++, bits);
  }
  void store(float* to) {
    for (std::size_t i = 0; i < count; ++i)
      for (std::size_t y = 0; y < height; ++y)
        for (std::size_t x = 0; x < width; ++x) *to++ = static_cast<float>(plane(i)[place(y, x)]);
  }
};

class Loops {
 public:
  Loops(const ConvShape& s, int bits) : shape_(s), bits_(bits) {}

  void run(ConvPass pass, const float* a, const float* b, float* out) {
    if (pass == ConvPass::forward) return forward(a, b, out);
    if (pass == ConvPass::backward_data) return backward_data(a, b, out);
    backward_filter(a, b, out);
  }

  std::size_t x_size() const { return size(shape_.c) * size(shape_.h) * size(shape_.w); }
  std::size_t y_size() const {
    return size(shape_.out_channels) * size(shape_.out_h()) * size(shape_.out_w());
  }
  std::size_t weight_size() const {
    return size(shape_.out_channels) * size(shape_.c) * size(shape_.kernel) * size(shape_.kernel);
  }

 private:
  void forward(const float* x, const float* weight, float* y) {
    for (int n = 0; n < shape_.n; ++n) {
      x_.load(x + size(n) * x_size(), bits_);
      y_.clear();
      each_tap([&](std::size_t o, std::size_t c, std::size_t shift, std::size_t tap) {
        add_scaled(y_.plane(o), x_.plane(c) + shift, factor(weight[tap], bits_), span_);
      });
      y_.store(y + size(n) * y_size());
    }
  }

  void backward_data(const float* dy, const float* weight, float* dx) {
    for (int n = 0; n < shape_.n; ++n) {
      y_.load(dy + size(n) * y_size(), bits_);
      x_.clear();
      each_tap([&](std::size_t o, std::size_t c, std::size_t shift, std::size_t tap) {
        add_scaled(x_.plane(c) + shift, y_.plane(o), factor(weight[tap], bits_), span_);
      });
      x_.store(dx + size(n) * x_size());
    }
  }

  void backward_filter(const float* x, const float* dy, float* dweight) {
    std::vector<double> sums(weight_size());
    for (int n = 0; n < shape_.n; ++n) {
      x_.load(x + size(n) * x_size(), bits_);
      y_.load(dy + size(n) * y_size(), bits_);
      each_tap([&](std::size_t o, std::size_t c, std::size_t shift, std::size_t tap) {
        sums[tap] += dot(y_.plane(o), x_.plane(c) + shift, span_);
      });
    }
    std::transform(sums.begin(), sums.end(), dweight,
                   [](double sum) { return static_cast<float>(sum); });
  }

  /// Calls f(o, c, shift, tap): weight `tap` takes plane c shifted by `shift` into plane o.
  template <class F>
  void each_tap(const F& f) const {
    std::size_t tap = 0;
    for (int o = 0; o < shape_.out_channels; ++o)
      for (int c = 0; c < shape_.c; ++c)
        for (int ky = 0; ky < shape_.kernel; ++ky)
          for (int kx = 0; kx < shape_.kernel; ++kx)
            f(size(o), size(c), size(ky) * row_ + size(kx), tap++);
  }

  ConvShape shape_;
  int bits_;
  std::size_t row_ = size(shape_.w + 2 * shape_.padding);
  std::size_t padded_ = row_ * size(shape_.h + 2 * shape_.padding);
  // From the first to the last value of an output plane. What lies between its values is not stored
  // in the forward pass, and 0 in the others.
  std::size_t span_ = size((shape_.out_h() - 1) * shape_.stride) * row_ +
                      size((shape_.out_w() - 1) * shape_.stride) + 1;
  Planes x_{size(shape_.c), size(shape_.h), size(shape_.w), size(shape_.padding), 1, row_, padded_};
  Planes y_{size(shape_.out_channels),
            size(shape_.out_h()),
            size(shape_.out_w()),
            0,
            size(shape_.stride),
            row_,
            span_};
};

class LoopConvolution : public Convolution {
 public:
  LoopConvolution(std::shared_ptr<Cudnn> cudnn, ConvPass pass, const ConvShape& s, int bits)
      : cudnn_(std::move(cudnn)), pass_(pass), shape_(s), bits_(bits) {}

  std::size_t workspace_bytes() const override {
    return 1000 + size(13 * shape_.n + 7 * shape_.c + 3 * shape_.h + shape_.out_channels) % 1999 +
           static_cast<std::size_t>(pass_);
  }
  std::string engine() const override { return "loops"; }

  void run(const float* a, const float* b, float* out, void* workspace) const override {
    const auto work = [=, pass = pass_, s = shape_, bits = bits_, scratch = workspace_bytes()] {
      Loops loops(s, bits);
      const std::size_t x = size(s.n) * loops.x_size() * sizeof(float),
                        y = size(s.n) * loops.y_size() * sizeof(float),
                        weight = loops.weight_size() * sizeof(float);
      const bool forward = pass == ConvPass::forward, data = pass == ConvPass::backward_data;
      const std::size_t out_bytes = forward ? y : data ? x : weight;
      check_operands({{a, data ? y : x, kTensorAlignment, data ? "dy" : "x"},
                      {b, forward || data ? weight : y, kTensorAlignment,
                       forward || data ? "the weights" : "dy"},
                      {out, out_bytes, kTensorAlignment, "the result", true},
                      {workspace, scratch, kWorkspaceAlignment, "the workspace", true}});
      spoil(workspace, scratch);
      spoil(out, out_bytes);
      loops.run(pass, a, b, out);
    };
    MAPNET_CUDA(emulation::enqueue(static_cast<cudaStream_t>(cudnn_->handle()), work,
                                   pass_ == ConvPass::forward ? "convolution, forward"
                                   : pass_ == ConvPass::backward_data
                                       ? "convolution, backward data"
                                       : "convolution, backward filter"));
  }

 private:
  std::shared_ptr<Cudnn> cudnn_;
  ConvPass pass_;
  ConvShape shape_;
  int bits_;
};

}  // namespace

std::shared_ptr<const Convolution> plan_convolution(const std::shared_ptr<Cudnn>& cudnn,
                                                    ConvPass pass, const ConvShape& s,
                                                    FastMath fast_math) {
  if (std::min({s.n, s.c, s.h, s.w, s.out_channels, s.kernel, s.stride}) < 1 || s.padding < 0 ||
      std::min(s.out_h(), s.out_w()) < 1)
    fail("there is no convolution of [{}, {}, {}, {}] with {} {}x{} filters, padding {}, stride {}",
         s.n, s.c, s.h, s.w, s.out_channels, s.kernel, s.kernel, s.padding, s.stride);
  return std::make_shared<LoopConvolution>(cudnn, pass, s, convolution_bits(fast_math));
}

}  // namespace mapnet::cuda

#pragma once

#include <algorithm>
#include <utility>

#include "reference/conv2d.hpp"
#include "reference/cross_entropy.hpp"
#include "reference/linear.hpp"
#include "reference/maxpool2d.hpp"
#include "reference/relu.hpp"

namespace mapnet::reference {

struct Image {
  std::size_t c, h, w;
  std::size_t size() const { return c * h * w; }
};

struct Layer {
  enum Kind { conv, relu, maxpool, linear } kind;
  std::size_t out = 0, kernel = 0, pad = 0;  // out: channels of a conv, features of a linear
  bool bias = true;                          // of a linear
};

/// A feed-forward net. Its parameters are one flat vector theta in PyTorch's order and layout:
/// conv1.weight [O,C,K,K], conv1.bias [O], conv2.weight, ..., fc1.weight [O,I], fc1.bias [O], ...
/// An image reaches the first linear layer flattened in C,H,W order.
struct Net {
  Image input;
  std::vector<Layer> layers;
};

/// A layer in its place: the image it reads and writes, and its slices of theta.
struct Placed {
  Layer layer;
  Image in, out;
  std::size_t offset, weight_size, bias_size;  // weight at offset, bias right after it

  View weight(View theta) const { return theta.subspan(offset, weight_size); }
  View bias(View theta) const { return theta.subspan(offset + weight_size, bias_size); }
  Conv2d conv2d(std::size_t n) const {
    return {n, in.c, in.h, in.w, layer.out, layer.kernel, layer.pad};
  }
  MaxPool2d maxpool2d(std::size_t n) const { return {n * in.c, in.h, in.w}; }
  Linear linear(std::size_t n) const { return {n, in.size(), layer.out, layer.bias}; }
};

inline std::vector<Placed> place(const Net& net) {
  std::vector<Placed> placed;
  Image in = net.input;
  std::size_t offset = 0;
  for (const Layer& layer : net.layers) {
    Placed p{layer, in, in, offset, 0, 0};
    switch (layer.kind) {
      case Layer::conv: {
        const Conv2d s = p.conv2d(1);
        p.out = {s.o, s.out_h(), s.out_w()};
        p.weight_size = s.weight_size(), p.bias_size = s.o;
        break;
      }
      case Layer::relu:
        break;
      case Layer::maxpool:
        p.out = {in.c, in.h / 2, in.w / 2};
        break;
      case Layer::linear:
        p.out = {layer.out, 1, 1};
        p.weight_size = layer.out * in.size(), p.bias_size = p.linear(1).bias_size();
        break;
    }
    in = p.out;
    offset += p.weight_size + p.bias_size;
    placed.push_back(p);
  }
  return placed;
}

inline std::size_t n_params(const Net& net) {
  std::size_t n = 0;
  for (const Placed& p : place(net)) n += p.weight_size + p.bias_size;
  return n;
}

/// What the forward pass leaves for the backward one.
struct Trace {
  std::vector<Vector> values;                     // values[l] is read by layer l; the last: logits
  std::vector<std::vector<std::size_t>> sources;  // of each layer; empty but for maxpool
  const Vector& logits() const { return values.back(); }
};

/// x [N,C,H,W] -> every layer's output.
inline Trace trace(const Net& net, View theta, View x) {
  require_size(theta.size(), n_params(net), "net theta");
  require_size(x.size() % net.input.size(), 0, "net: x left over by whole images");
  const std::size_t n = x.size() / net.input.size();
  Trace t{{Vector(x.begin(), x.end())}, {}};
  for (const Placed& p : place(net)) {
    const Vector& in = t.values.back();
    Vector out;
    std::vector<std::size_t> source;
    switch (p.layer.kind) {
      case Layer::conv:
        out = conv2d_forward(in, p.weight(theta), p.bias(theta), p.conv2d(n));
        break;
      case Layer::relu:
        out = relu_forward(in);
        break;
      case Layer::maxpool: {
        MaxPool2dOutput pooled = maxpool2d_forward(in, p.maxpool2d(n));
        out = std::move(pooled.y), source = std::move(pooled.source);
        break;
      }
      case Layer::linear:
        out = linear_forward(in, p.weight(theta), p.bias(theta), p.linear(n));
        break;
    }
    t.values.push_back(std::move(out));
    t.sources.push_back(std::move(source));
  }
  return t;
}

/// x [N,C,H,W] -> logits [N,K].
inline Vector forward(const Net& net, View theta, View x) { return trace(net, theta, x).logits(); }

/// dlogits [N,K] -> dtheta, in theta's order.
inline Vector backward(const Net& net, View theta, const Trace& t, Vector dlogits) {
  const std::vector<Placed> placed = place(net);
  const std::size_t n = t.values.front().size() / net.input.size();
  Vector dtheta(theta.size()), dy = std::move(dlogits);
  // Parameter gradients go to their slices of dtheta, dx becomes the dy of the layer before.
  const auto keep = [&](const Placed& p, auto gradient) {
    const auto weight = dtheta.begin() + static_cast<std::ptrdiff_t>(p.offset);
    std::copy(gradient.dbias.begin(), gradient.dbias.end(),
              std::copy(gradient.dweight.begin(), gradient.dweight.end(), weight));
    dy = std::move(gradient.dx);
  };
  for (std::size_t l = placed.size(); l-- > 0;) {
    const Placed& p = placed[l];
    const Vector& x = t.values[l];
    switch (p.layer.kind) {
      case Layer::conv:
        keep(p, conv2d_backward(dy, x, p.weight(theta), p.conv2d(n)));
        break;
      case Layer::relu:
        dy = relu_backward(dy, x);
        break;
      case Layer::maxpool:
        dy = maxpool2d_backward(dy, t.sources[l], p.maxpool2d(n));
        break;
      case Layer::linear:
        keep(p, linear_backward(dy, x, p.weight(theta), p.linear(n)));
        break;
    }
  }
  return dtheta;
}

struct LossAndGradient {
  double loss;
  Vector dtheta;
  std::size_t correct;
};

/// Mean cross-entropy of the first `count` images of x [N,C,H,W], and its gradient. The others are
/// padding.
inline LossAndGradient loss_and_gradient(const Net& net, View theta, View x, Labels labels,
                                         std::size_t count) {
  const Trace t = trace(net, theta, x);
  CrossEntropy ce = cross_entropy(t.logits(), labels, place(net).back().out.size(), count);
  return {ce.loss, backward(net, theta, t, std::move(ce.dlogits)), ce.correct};
}

/// All of x is real.
inline LossAndGradient loss_and_gradient(const Net& net, View theta, View x, Labels labels) {
  return loss_and_gradient(net, theta, x, labels, x.size() / net.input.size());
}

}  // namespace mapnet::reference

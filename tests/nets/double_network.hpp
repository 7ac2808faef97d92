#pragma once

#include <algorithm>
#include <stdexcept>
#include <string>
#include <vector>

#include "nets/network.hpp"
#include "reference/avg_pool.hpp"
#include "reference/batch_norm.hpp"
#include "reference/conv2d.hpp"
#include "reference/conv_transpose2d.hpp"
#include "reference/linear.hpp"
#include "reference/lstm.hpp"
#include "reference/maxpool2d.hpp"
#include "reference/merge.hpp"
#include "reference/relu.hpp"

namespace mapnet::test {

/// A training pass of a network once more in double precision: layer by layer as its description
/// says, each by the reference's op, with nothing joined, laid out or shared as nets/lower.hpp
/// does.
class DoubleNetwork {
 public:
  using Vector = reference::Vector;

  /// x: a batch of n inputs, all of them real.
  DoubleNetwork(const Network& net, const std::vector<float>& theta, const Vector& x, std::size_t n)
      : net_(net),
        theta_(theta),
        n_(n),
        input_{size(net.channels), size(net.height), size(net.width), x} {
    for (const Layer& layer : net.layers) values_.push_back(forward(layer));
  }

  const Vector& outputs() const { return values_.back().y; }

  /// dtheta of sum(outputs * dy).
  Vector gradient(const Vector& dy) {
    dtheta_.assign(theta_.size(), 0.0);
    dvalues_.assign(values_.size(), {});
    dvalues_.back() = dy;
    for (std::size_t i = values_.size(); i-- > 0;)
      backward(net_.layers[i], values_[i], dvalues_[i]);
    return dtheta_;
  }

 private:
  using Kind = Layer::Kind;

  /// What a layer makes, [N, C, H, W].
  struct Value {
    std::size_t c, h, w;
    Vector y;
    std::vector<std::size_t> source = {};  // of a max-pooling
    std::size_t features() const { return c * h * w; }
  };

  static std::size_t size(int v) { return static_cast<std::size_t>(v); }

  const Value& read(const Layer& l, std::size_t i = 0) const {
    return l.inputs.at(i) < 0 ? input_ : values_[size(l.inputs[i])];
  }
  const ParamTensor& tensor(const Layer& l, const std::string& what) const {
    return net_.param(l.name + "." + what);
  }
  Vector param(const Layer& l, const std::string& what) const {
    const ParamTensor& p = tensor(l, what);
    Vector values;
    for (std::size_t i = 0; i < p.size; ++i)
      values.push_back(static_cast<double>(theta_[p.offset + i]) + double(p.center()));
    return values;
  }
  Vector bias(const Layer& l) const { return l.bias ? param(l, "bias") : Vector(); }

  reference::Conv2d conv(const Layer& l) const {
    const Value& x = read(l);
    return {n_,    x.c, x.h, x.w, size(l.out), size(l.kernel), size(l.padding), size(l.stride),
            l.bias};
  }
  reference::ConvTranspose2d conv_transpose(const Layer& l) const {
    const Value& x = read(l);
    return {n_, x.c, x.h, x.w, size(l.out), size(l.kernel), l.bias};
  }
  reference::BatchNorm batch_norm(const Layer& l) const {
    const Value& x = read(l);
    return {n_, x.c, x.h * x.w, n_};
  }
  reference::MaxPool2d max_pool(const Layer& l) const {
    const Value& x = read(l);
    return {n_ * x.c, x.h, x.w, size(l.kernel), size(l.stride), size(l.padding)};
  }
  reference::Linear linear(const Layer& l) const {
    return {n_, read(l).features(), size(l.out), l.bias};
  }
  reference::Lstm lstm(const Layer& l) const {
    const Value& x = read(l);
    return {n_, x.c, x.h, size(l.out), l.last_only};
  }
  static std::string of_stack(const char* what, const Layer& l) {
    return what + ("_l" + std::to_string(l.index));
  }
  reference::LstmParams lstm_params(const Layer& l) const {
    return {param(l, of_stack("weight_ih", l)), param(l, of_stack("weight_hh", l)),
            param(l, of_stack("bias_ih", l)), param(l, of_stack("bias_hh", l))};
  }

  Value forward(const Layer& l) const {
    const Value& x = read(l);
    switch (l.kind) {
      case Kind::conv: {
        const reference::Conv2d s = conv(l);
        return {s.o, s.out_h(), s.out_w(),
                reference::conv2d_forward(x.y, param(l, "weight"), bias(l), s)};
      }
      case Kind::conv_transpose: {
        const reference::ConvTranspose2d s = conv_transpose(l);
        return {s.o, s.h * s.k, s.w * s.k,
                reference::conv_transpose2d_forward(x.y, param(l, "weight"), bias(l), s)};
      }
      case Kind::batch_norm:
        return {x.c, x.h, x.w,
                reference::batch_norm_forward(x.y, param(l, "weight"), param(l, "bias"),
                                              batch_norm(l))};
      case Kind::relu:
        return {x.c, x.h, x.w, reference::relu_forward(x.y)};
      case Kind::max_pool: {
        const reference::MaxPool2d s = max_pool(l);
        reference::MaxPool2dOutput pooled = reference::maxpool2d_forward(x.y, s);
        return {x.c, s.out_h(), s.out_w(), std::move(pooled.y), std::move(pooled.source)};
      }
      case Kind::global_avg_pool:
        return {x.c, 1, 1, reference::global_avg_pool_forward(x.y, n_ * x.c)};
      case Kind::add:
        return {x.c, x.h, x.w, reference::add(x.y, read(l, 1).y)};
      case Kind::concat: {
        const Value& other = read(l, 1);
        return {x.c + other.c, x.h, x.w,
                reference::concat({x.y, other.y}, {x.features(), other.features()}, n_)};
      }
      case Kind::linear:
        return {size(l.out), 1, 1,
                reference::linear_forward(x.y, param(l, "weight"), bias(l), linear(l))};
      case Kind::lstm: {
        Vector y = reference::lstm_forward(x.y, lstm_params(l), lstm(l));
        if (l.last_only) return {size(l.out), 1, 1, std::move(y)};
        return {x.c, size(l.out), 1, std::move(y)};
      }
    }
    throw std::logic_error("a kind of layer that the reference does not have");
  }

  void backward(const Layer& l, const Value& value, const Vector& dy) {
    const Value& x = read(l);
    switch (l.kind) {
      case Kind::conv:
        return keep_weighted(l, reference::conv2d_backward(dy, x.y, param(l, "weight"), conv(l)));
      case Kind::conv_transpose:
        return keep_weighted(l, reference::conv_transpose2d_backward(dy, x.y, param(l, "weight"),
                                                                     conv_transpose(l)));
      case Kind::linear:
        return keep_weighted(l, reference::linear_backward(dy, x.y, param(l, "weight"), linear(l)));
      case Kind::batch_norm: {
        const auto g = reference::batch_norm_backward(dy, x.y, param(l, "weight"), param(l, "bias"),
                                                      batch_norm(l));
        keep(l, "weight", g.dgamma);
        keep(l, "bias", g.dbeta);
        return give(l.inputs[0], g.dx);
      }
      case Kind::relu:
        return give(l.inputs[0], reference::relu_backward(dy, x.y));
      case Kind::max_pool:
        return give(l.inputs[0], reference::maxpool2d_backward(dy, value.source, max_pool(l)));
      case Kind::global_avg_pool:
        return give(l.inputs[0], reference::global_avg_pool_backward(dy, x.h * x.w));
      case Kind::add:
        give(l.inputs[0], dy);
        return give(l.inputs[1], dy);
      case Kind::concat: {
        const auto parts = reference::split(dy, {x.features(), read(l, 1).features()}, n_);
        give(l.inputs[0], parts[0]);
        return give(l.inputs[1], parts[1]);
      }
      case Kind::lstm: {
        const auto g = reference::lstm_backward(dy, x.y, lstm_params(l), lstm(l));
        keep(l, of_stack("weight_ih", l), g.d.weight_ih);
        keep(l, of_stack("weight_hh", l), g.d.weight_hh);
        keep(l, of_stack("bias_ih", l), g.d.bias_ih);
        keep(l, of_stack("bias_hh", l), g.d.bias_hh);
        return give(l.inputs[0], g.dx);
      }
    }
  }

  template <class Gradient>
  void keep_weighted(const Layer& l, const Gradient& g) {
    keep(l, "weight", g.dweight);
    if (l.bias) keep(l, "bias", g.dbias);
    give(l.inputs[0], g.dx);
  }
  void keep(const Layer& l, const std::string& what, const Vector& gradient) {
    const ParamTensor& p = tensor(l, what);
    reference::require_size(gradient.size(), p.size, "the gradient of a tensor");
    std::copy(gradient.begin(), gradient.end(),
              dtheta_.begin() + static_cast<std::ptrdiff_t>(p.offset));
  }
  /// Gradients of a value that several layers read are summed.
  void give(int input, const Vector& gradient) {
    if (input < 0) return;
    Vector& sum = dvalues_[size(input)];
    sum = sum.empty() ? gradient : reference::add(sum, gradient);
  }

  const Network& net_;
  const std::vector<float>& theta_;
  std::size_t n_;
  Value input_;
  std::vector<Value> values_;    // of each layer
  std::vector<Vector> dvalues_;  // of them; empty where none has come yet
  Vector dtheta_;
};

}  // namespace mapnet::test

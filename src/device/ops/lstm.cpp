#include "device/ops/lstm.hpp"

#include "common/error.hpp"

namespace mapnet {

LstmShape lstm_shape(const std::string& name, const LstmDesc& desc, const Tensor& x) {
  if (x.channel_block != 1 || x.w != 1)
    fail("{}: the input must be a plain sequence [N, T, I], not {}x{}x{} in blocks of {}", name,
         x.c, x.h, x.w, x.channel_block);
  if (desc.hidden < 1) fail("{}: an LSTM of {} units", name, desc.hidden);
  LstmShape s{x.n, x.c, x.h, desc.hidden, 0};
  s.flops = 2.0 * s.n * s.t * 4.0 * s.h * (s.i + s.h);
  return s;
}

Tensor lstm_output(const LstmDesc& desc, const LstmShape& s) {
  Tensor y;
  y.n = s.n;
  y.c = desc.last_only ? s.h : s.t;
  y.h = desc.last_only ? 1 : s.h;
  return y;
}

}  // namespace mapnet

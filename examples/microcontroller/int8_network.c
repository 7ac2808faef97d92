#include "int8_network.h"

#include <math.h>

/* Rows or columns that a kernel can be put at. */
static int32_t places(int32_t size, int32_t kernel, const int8_layer *l) {
  return (size + 2 * l->padding - kernel) / l->stride + 1;
}

static int32_t pooled_height(const int8_layer *l) {
  return places(l->height, l->kernel_height, l) / l->pool;
}

static int32_t pooled_width(const int8_layer *l) {
  return places(l->width, l->kernel_width, l) / l->pool;
}

static uint32_t input_bytes(const int8_layer *l) {
  return (uint32_t)l->channels * l->height * l->width;
}

static uint32_t output_bytes(const int8_layer *l) {
  return (uint32_t)l->outputs * (uint32_t)pooled_height(l) * (uint32_t)pooled_width(l);
}

/* The kernel of one output at row y and column x of its places; outside of the input there are zeros. */
static int32_t sum_at(const int8_layer *l, const int8_t *weight, const int8_t *input, int32_t y,
                      int32_t x) {
  const int32_t top = y * l->stride - l->padding, left = x * l->stride - l->padding;
  int32_t sum = 0;
  for (int32_t c = 0; c < l->channels; ++c) {
    for (int32_t ky = 0; ky < l->kernel_height; ++ky, weight += l->kernel_width) {
      if (top + ky < 0 || top + ky >= l->height) continue;
      const int8_t *row = input + ((int32_t)c * l->height + top + ky) * l->width;
      for (int32_t kx = 0; kx < l->kernel_width; ++kx)
        if (left + kx >= 0 && left + kx < l->width) sum += weight[kx] * row[left + kx];
    }
  }
  return sum;
}

/* The largest sum of a pooling window. Scaling, ReLU and rounding never swap two values, so they can
 * wait until the largest is found. */
static int32_t largest_sum(const int8_layer *l, const int8_t *weight, const int8_t *input, int32_t y,
                           int32_t x) {
  int32_t largest = INT32_MIN;
  for (int32_t py = 0; py < l->pool; ++py) {
    for (int32_t px = 0; px < l->pool; ++px) {
      const int32_t sum = sum_at(l, weight, input, y * l->pool + py, x * l->pool + px);
      if (sum > largest) largest = sum;
    }
  }
  return largest;
}

/* To nearest, ties to even, -127 to 127. */
static int8_t to_int8(float value, float quantize) {
  const float q = value * quantize;
  return (int8_t)lrintf(q > 127.0f ? 127.0f : q < -127.0f ? -127.0f : q);
}

/* int8 to `output`, or in the last layer logits to `logits`. */
static void run_layer(const int8_layer *l, const int8_t *input, int8_t *output, float *logits) {
  const int32_t height = pooled_height(l), width = pooled_width(l);
  const uint32_t kernel = (uint32_t)l->channels * l->kernel_height * l->kernel_width;
  for (uint32_t o = 0; o < l->outputs; ++o) {
    const int8_t *weight = l->weight + o * kernel;
    for (int32_t y = 0; y < height; ++y) {
      for (int32_t x = 0; x < width; ++x) {
        float value = (float)largest_sum(l, weight, input, y, x) * l->scale[o];
        if (l->bias) value += l->bias[o];
        if (l->relu && value < 0.0f) value = 0.0f;
        if (output)
          *output++ = to_int8(value, l->quantize);
        else
          *logits++ = value;
      }
    }
  }
}

void int8_network_run(const int8_network *network, const uint8_t *pixels, int8_t *scratch,
                      uint32_t scratch_bytes, float *logits) {
  const int8_layer *first = &network->layers[0];
  const uint32_t plane = (uint32_t)first->height * first->width;
  for (uint32_t i = 0; i < input_bytes(first); ++i)
    scratch[i] = network->pixels[i / plane * 256 + pixels[i]];
  /* A layer reads at one end of the scratch memory and writes at the other. */
  int at_end = 0;
  for (int i = 0; i < network->n_layers; ++i, at_end = !at_end) {
    const int8_layer *l = &network->layers[i];
    const int8_t *input = at_end ? scratch + scratch_bytes - input_bytes(l) : scratch;
    int8_t *output = at_end ? scratch : scratch + scratch_bytes - output_bytes(l);
    run_layer(l, input, i + 1 < network->n_layers ? output : 0, logits);
  }
}

int int8_network_best(const float *logits, int n) {
  int best = 0;
  for (int i = 1; i < n; ++i)
    if (logits[i] > logits[best]) best = i;
  return best;
}

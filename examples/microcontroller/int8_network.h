/* Runs a network that `mapnet export --format c` wrote: int8 weights and activations, 32-bit sums,
 * no memory of its own, nothing of the C library but rounding. C99. */
#ifndef MAPNET_INT8_NETWORK_H
#define MAPNET_INT8_NETWORK_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A convolution over [channels][height][width], with ReLU and max-pooling behind it where asked for.
 * A fully connected layer is one whose kernel is as large as its input. */
typedef struct {
  uint16_t channels, height, width;
  uint16_t outputs;
  uint16_t kernel_height, kernel_width;
  uint8_t stride, padding;
  uint8_t pool; /* window and stride of the pooling; 1: none */
  uint8_t relu;
  const int8_t *weight; /* [outputs][channels][kernel_height][kernel_width] */
  const float *scale;   /* [outputs]: what a sum of products is multiplied by */
  const float *bias;    /* [outputs], or NULL */
  float quantize;       /* what makes int8 of a result, for the next layer; of the last layer 0 */
} int8_layer;

typedef struct {
  const int8_t *pixels; /* [channels][256]: each pixel's int8 value */
  const int8_layer *layers;
  int n_layers;
} int8_network;

/* Pixels, 0 to 255, [channels][height][width] of the first layer, to logits [outputs of the last].
 * scratch: as many bytes as the exported MODEL_SCRATCH_BYTES says. */
void int8_network_run(const int8_network *network, const uint8_t *pixels, int8_t *scratch,
                      uint32_t scratch_bytes, float *logits);

/* The largest logit's place. */
int int8_network_best(const float *logits, int n);

#ifdef __cplusplus
}
#endif

#endif
